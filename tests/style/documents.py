# SPDX-License-Identifier: Apache-2.0
# Documents point to things that exist; their code is found here, and run by commands.py and tests/python/test_documents.py.
import collections
import posixpath
import re

LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
CODE_PATH = re.compile(r"`((?:\.ci|base|isa|models|workloads|compiler|sim|serving|experiment|cli|scripts|tests|bench|docs|examples)/[\w./-]*\w/?)`")

FENCE = re.compile(r"^```([^`\n]*)\n(.*?)^```$", re.S | re.M)
Block = collections.namedtuple("Block", "line language marks text output")  # output: the text block right behind it, or None
Command = collections.namedtuple("Command", "line text")

# Words behind the language of a block that no test runs, and why.
NOT_RUN = {
    "install": "changes the machine or makes another clone; tests/python/test_install.py and scripts/test do the same",
    "cluster": "needs Slurm or a scheduler on another machine; tests/python/sweep_dask_test.py has one of its own",
    "train": "takes a quarter of an hour and packages that nothing else needs",
}
RUN_IN = re.compile(r"README\.md|docs/[^/]+\.md")
OF_THE_MACHINE = ("expected", "simulator")  # first words of printed lines that depend on the machine


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


def blocks(text):
    """Fenced blocks in order."""
    found = [(match, (match[1].split() or [""])) for match in FENCE.finditer(text)]
    for (match, words), (after, kind) in zip(found, [*found[1:], (None, [""])]):
        follows = kind == ["text"] and not text[match.end():after.start()].strip()
        yield Block(text.count("\n", 0, match.start()) + 1, words[0], words[1:], match[2], after[2] if follows else None)


def runs(block):
    return not NOT_RUN.keys() & set(block.marks)


def commands(block):
    """The commands of a block with their lines; a line that ends in a backslash goes on in the next."""
    joined, start = "", 0
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        start = start if joined else number
        joined += line.removesuffix("\\")
        if not line.endswith("\\") and joined.strip():
            yield Command(start, joined)
        joined = joined if line.endswith("\\") else ""


def pattern(line):
    """What a shown line stands for: "..." for any lines, "..." at its end for any rest."""
    if line == "...":
        return r"(?:.*\n)*?"
    if line.startswith(OF_THE_MACHINE):
        return r".*\n"
    return re.escape(line.removesuffix("...").rstrip()) + (r".*\n" if line.endswith("...") else r" *\n")


def says(shown, output):
    """Whether the output is the shown one."""
    return re.fullmatch("".join(map(pattern, shown.splitlines())), output.rstrip("\n") + "\n") is not None


def refreshed(shown, output):
    """The shown lines as they now are: those that changed are found again by what stands before their first number."""
    def label(line):
        return re.match(r"\D*", line)[0]

    def now(line):
        same = [each for each in output.splitlines() if re.fullmatch(pattern(line), each + "\n")]
        alike = [each for each in output.splitlines() if label(each) == label(line)]
        return line if line == "..." or same or not alike else alike[0]

    return "".join(now(line) + "\n" for line in shown.splitlines())


def fences(files):
    """Every block is run by a test, is text, or says by a word of NOT_RUN why it is neither."""
    for path, text in documents(files):
        found = list(blocks(text))
        read = re.split(r'[\s"]+', "".join(block.text for block in found if block.language in ("sh", "json") and runs(block)))
        for block in found:
            where = f"{path}:{block.line}"
            allowed = {"sh": ["slow", *NOT_RUN], "python": list(NOT_RUN), "json": block.marks[:1], "text": []}
            if block.language not in allowed:
                yield f"{where}: a block must be {', '.join(allowed)}, not '{block.language}'"
            elif not set(block.marks) <= set(allowed[block.language]):
                yield f"{where}: {block.language} takes {' or '.join(allowed[block.language]) or 'no word'}, not '{' '.join(block.marks)}'"
            elif block.language == "json" and not set(block.marks) & set(read):
                yield f"{where}: json must name the file that it is, and this page must read it"
            elif block.language != "text" and runs(block) and not RUN_IN.fullmatch(path):
                yield f"{where}: blocks are run in README.md and docs/ only"
