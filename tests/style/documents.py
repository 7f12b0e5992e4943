# SPDX-License-Identifier: Apache-2.0
# Documents point to things that exist; the commands in them are found here and run by commands.py.
import posixpath
import re

LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
CODE_PATH = re.compile(r"`((?:\.ci|base|isa|models|workloads|compiler|sim|serving|experiment|cli|scripts|tests|bench|docs|examples)/[\w./-]*\w/?)`")


def documents(files):
    return [(path, text) for path, text in files.items() if text is not None and path.endswith(".md")]


def without_code(text):
    """Blanks fenced blocks, keeps line numbers."""
    return re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), text, flags=re.S | re.M)


def anchors(text):
    """Names that headings get on the usual hosts."""
    names = set()
    for line in without_code(text).splitlines():
        match = re.match(r"#+ +(.*)", line)
        if match:
            names.add(re.sub(r"[^\w\- ]", "", match[1].lower()).strip().replace(" ", "-"))
    return names


def exists(files, path):
    path = path.rstrip("/")
    return path in files or any(each.startswith(path + "/") for each in files)


def links(files):
    """Every relative link, and every path in backticks, names a file of the repository."""
    for path, text in documents(files):
        for number, line in enumerate(without_code(text).splitlines(), 1):
            for match in LINK.finditer(line):
                target = match[1] or match[2]
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                full = posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) if name else path
                if not exists(files, full):
                    yield f"{path}:{number}: link to {target}, which does not exist"
                elif anchor and full.endswith(".md") and anchor not in anchors(files[full]):
                    yield f"{path}:{number}: link to {target}: no such heading"
            for match in CODE_PATH.finditer(line):
                if not exists(files, match[1]):
                    yield f"{path}:{number}: `{match[1]}` does not exist"


def commands(text):
    """(line number, command, slow) of each line of ```sh blocks that runs the program; ```sh slow marks long ones."""
    inside = slow = False
    joined, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = not inside and line.split()[0] == "```sh"
            slow = inside and "slow" in line.split()[1:]
            joined = ""
            continue
        if not inside:
            continue
        if not joined:
            start = number
        joined += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        if joined.lstrip("$ ").startswith("build/superlane"):
            yield start, joined.lstrip("$ "), slow
        joined = ""
