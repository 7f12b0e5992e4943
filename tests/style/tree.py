# SPDX-License-Identifier: Apache-2.0
# The files of the repository as a value: path to text, so that rules can be tried on trees that are made up.
import pathlib
import subprocess

SKIPPED = {".git", ".cache", "__pycache__"}


def _tracked(root):
    """Tracked and new files as git sees them; None when this is no working tree of git (a tarball, another owner)."""
    try:
        out = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                             capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return [path for path in out.decode().split("\0") if path]


def _walked(root):
    found = []
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if path.is_file() and not SKIPPED & set(parts) and not parts[0].startswith("build"):
            found.append("/".join(parts))
    return found


def load(root):
    root = pathlib.Path(root)
    paths = _tracked(root)
    if paths is None:
        paths = _walked(root)
    files = {}
    for path in sorted(paths):
        try:
            files[path] = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            files[path] = None  # binary
        except OSError:
            continue  # listed by git, but deleted
    return files
