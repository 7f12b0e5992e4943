# SPDX-License-Identifier: Apache-2.0
# Which folder may look at which: the arrows of docs/architecture.md, checked on every #include and every CMake target.
import posixpath
import re

CPP = (".cpp", ".hpp", ".def", ".inc")
BELOW = {
    "base": [],
    "isa": ["base"],
    "models": ["base", "isa"],
    "workloads": ["base", "models"],
    "compiler": ["base", "isa", "models", "workloads"],
    "sim": ["base", "isa", "models"],
    "serving": ["base", "models", "workloads"],
    "experiment": ["base", "isa", "models", "workloads", "compiler", "sim", "serving"],
    "cli": ["base", "isa", "models", "workloads", "compiler", "sim", "serving", "experiment"],
    "python": ["base", "isa", "models", "workloads", "compiler", "sim", "serving", "experiment", "cli"],
}
FOLDERS = tuple(BELOW)
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def includes(text):
    """(line number, name, quoted) of every #include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[2], match[1] == '"'


def resolve(files, path, name):
    """Path in the repository of a quoted include, or None."""
    for candidate in (name, posixpath.normpath(posixpath.join(posixpath.dirname(path), name))):
        if candidate in files:
            return candidate
    return None


def is_systemc(name):
    return name.split("/")[0] in ("systemc", "systemc.h", "sysc", "tlm", "tlm.h")


def arrows(files):
    """Includes point down; compiler and sim meet only in isa."""
    for path, text in files.items():
        folder = path.split("/")[0]
        if text is None or not path.endswith(CPP) or folder not in BELOW:
            continue
        for number, name, quoted in includes(text):
            target = resolve(files, path, name) if quoted else None
            if quoted and target is None:
                yield f'{path}:{number}: no file "{name}" in the repository'
            elif target and target.split("/")[0] not in (folder, *BELOW[folder]):
                yield f"{path}:{number}: {folder} must not include {target}; it may look at: {', '.join(BELOW[folder]) or 'nothing'}"


def targets(files):
    """The same for the libraries that CMake links."""
    for folder, below in BELOW.items():
        path = f"{folder}/CMakeLists.txt"
        for match in re.finditer(r"superlane_library\(([\w ]+)\)", files.get(path) or ""):
            name, *links = match[1].split()
            if name != folder:
                yield f"{path}: target superlane_{name} belongs into folder {name}"
            for link in links:
                if link not in below:
                    yield f"{path}: {folder} must not link {link}"


def systemc(files):
    """Only sim includes SystemC, and no header that others include from sim shows it."""
    for path, text in files.items():
        if text is None or not path.endswith(CPP):
            continue
        for number, name, quoted in includes(text):
            if not path.startswith(("sim/", "tests/sim/")) and is_systemc(name):
                yield f"{path}:{number}: only sim includes SystemC"
            target = resolve(files, path, name) if quoted else None
            if target and target.startswith("sim/") and not path.startswith(("sim/", "tests/", "bench/")):
                for shown in reaches_systemc(files, target, set()):
                    yield f"{path}:{number}: {target} shows SystemC by way of {shown}"


def reaches_systemc(files, path, seen):
    if path in seen:
        return
    seen.add(path)
    for _, name, quoted in includes(files[path] or ""):
        if is_systemc(name):
            yield path
        target = resolve(files, path, name) if quoted else None
        if target:
            yield from reaches_systemc(files, target, seen)
