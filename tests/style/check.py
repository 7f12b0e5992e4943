# SPDX-License-Identifier: Apache-2.0
# Runs rules of the house on the repository: check.py ROOT [RULE...]; prints complaints as file:line, exit code 1 if any.
import sys

import documents
import includes
import rules
import tree

RULES = {
    "arrows": includes.arrows,
    "targets": includes.targets,
    "systemc": includes.systemc,
    "licence": rules.licence,
    "heads": rules.heads,
    "lengths": rules.lengths,
    "unfinished": rules.unfinished,
    "machine_paths": rules.machine_paths,
    "dead_files": rules.dead_files,
    "links": documents.links,
    "fences": documents.fences,
}


def main():
    if len(sys.argv) < 2 or any(name not in RULES for name in sys.argv[2:]):
        sys.exit(f"usage: check.py ROOT [{' | '.join(RULES)}]...")
    files = tree.load(sys.argv[1])
    complaints = [each for name in sys.argv[2:] or RULES for each in RULES[name](files)]
    print("\n".join(complaints) or f"{len(files)} files, no complaint")
    sys.exit(1 if complaints else 0)


main()
