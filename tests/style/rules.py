# SPDX-License-Identifier: Apache-2.0
# The rules of the house as functions: files (path to text, None = binary) in, list of complaints out.
import re

from includes import CPP, FOLDERS, includes, resolve

SPDX = "SPDX-License-Identifier: Apache-2.0"
MAX_LINES = 300
LONG_FILES = "tests/style/long_files.txt"


def is_script(path, text):
    return text.startswith("#!") or path.endswith(".py") or path == "scripts/lib.sh"


def is_source(path, text):
    return path.endswith(CPP) or is_script(path, text) or path.endswith("CMakeLists.txt")


def sources(files):
    return [(path, text) for path, text in files.items() if text is not None and is_source(path, text)]


def licence(files):
    """Every source file names its licence in its first line, or in the second after a #! line."""
    for path, text in sources(files):
        lines = text.splitlines()[:2]
        if not any(SPDX in line for line in (lines if text.startswith("#!") else lines[:1])):
            yield f"{path}:1: first line must be the comment {SPDX}"


def heads(files):
    """After it one sentence says what the file is for. Tests are named after what they test; CMake files need none."""
    for path, text in sources(files):
        if path.endswith(("_test.cpp", "CMakeLists.txt")):
            continue
        lines = text.splitlines()
        first = 2 if text.startswith("#!") else 1
        head = lines[first] if len(lines) > first else ""
        if not re.match(r'((//|#) |""")\S.{15,}', head):
            yield f"{path}:{first + 1}: a sentence must say what this file is for"


def lengths(files):
    """No source file over 300 lines, unless listed with a limit and a reason; the list only shrinks."""
    allowed = {}
    for number, line in enumerate((files.get(LONG_FILES) or "").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = re.match(r"(\S+) (\d+) (\S.{9,})$", line)
        if not match:
            yield f"{LONG_FILES}:{number}: must be: path, limit in lines, reason"
            continue
        allowed[match[1]] = int(match[2])
    for path, text in sources(files):
        count = len(text.splitlines())
        limit = allowed.pop(path, None)
        if limit is None and count > MAX_LINES:
            yield f"{path}: {count} lines, at most {MAX_LINES}: split it, or list it with a reason in {LONG_FILES}"
        elif limit is not None and count <= MAX_LINES:
            yield f"{path}: {count} lines again: take it off {LONG_FILES}"
        elif limit is not None and count > limit:
            yield f"{path}: {count} lines, its limit in {LONG_FILES} is {limit}"
    for path in allowed:
        yield f"{LONG_FILES}: {path} does not exist"


def is_prose_or_data(path):
    """Text that is not ours to word: training text, vocabularies, inputs of fuzzers, the licence."""
    return path in ("LICENSE",) or path.startswith(("tests/fuzz/corpus/", "tests/models/data/")) or (
        path.startswith("examples/") and path.endswith((".txt", ".json")))


def unfinished(files):
    """No notes about work to be done: it is done, or it is in docs/timing_model.md as not modelled."""
    words = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]) + r")\b")
    for path, text in files.items():
        if text is None or is_prose_or_data(path):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if words.search(line):
                yield f"{path}:{number}: unfinished: {line.strip()[:100]}"


def machine_paths(files):
    """No path of the machine that something was made on."""
    places = re.compile(r"(?<![\w./$}>)-])/(?:" + "|".join(["home", "root", "work", "Users", "builds", "workspace"]) + r")/[\w.-]")
    for path, text in files.items():
        if text is None or is_prose_or_data(path):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if places.search(line):
                yield f"{path}:{number}: path of one machine: {line.strip()[:100]}"


def dead_files(files):
    """Every header and table is included by something, every .cpp is compiled by some CMakeLists.txt."""
    included = set()
    for path, text in files.items():
        if text is not None and path.endswith(CPP):
            included |= {resolve(files, path, name) for _, name, quoted in includes(text) if quoted}
    for path, text in files.items():
        if text is None or not path.endswith(CPP) or path.startswith("tests/compile_fail/"):
            continue
        if path.endswith((".hpp", ".def", ".inc")):
            if path not in included:
                yield f"{path}: nothing includes it"
        elif path.endswith(".cpp") and not is_compiled(files, path):
            yield f"{path}: no CMakeLists.txt compiles it"


def is_compiled(files, path):
    folder, name = path.rsplit("/", 1)
    parts = path.split("/")
    for depth in range(len(parts) - 1, 0, -1):
        own = files.get("/".join(parts[:depth]) + "/CMakeLists.txt")
        if own and name in own:
            return True
    if parts[0] in FOLDERS:
        own = files.get(f"{parts[0]}/CMakeLists.txt") or ""
        return f"superlane_library({parts[0]}" in own or "/*.cpp)" in own
    if parts[0] == "bench":
        return name.endswith("_bench.cpp")
    if parts[0] == "tests" and name.endswith("_test.cpp"):
        return f"superlane_tests({parts[1]} " in (files.get("tests/CMakeLists.txt") or "")
    if folder == "tests/fuzz" and name.endswith("_fuzz.cpp"):
        return f"superlane_fuzz({name.removesuffix('_fuzz.cpp')} " in (files.get("tests/fuzz/CMakeLists.txt") or "")
    return False
