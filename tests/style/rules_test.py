# SPDX-License-Identifier: Apache-2.0
# Each rule on small made-up trees: it sees the fault, and lets the right form pass.
import unittest

import documents
import includes
import rules

HEAD = "// SPDX-License-Identifier: Apache-2.0\n// What this file is for, in a sentence.\n"


class Rules(unittest.TestCase):
    def complaints(self, rule, files):
        return list(rule(files))

    def clean(self, rule, files):
        self.assertEqual(self.complaints(rule, files), [])

    def faulty(self, rule, files, part):
        found = self.complaints(rule, files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])

    def test_arrows(self):
        files = {"isa/a.hpp": HEAD, "sim/b.hpp": HEAD, "compiler/c.cpp": HEAD + '#include "isa/a.hpp"\n#include <vector>\n'}
        self.clean(includes.arrows, files)
        files["compiler/c.cpp"] += '#include "sim/b.hpp"\n'
        self.faulty(includes.arrows, files, "compiler/c.cpp:5: compiler must not include sim/b.hpp")
        self.faulty(includes.arrows, {"isa/a.hpp": '#include "isa/z.hpp"\n'}, 'no file "isa/z.hpp"')

    def test_targets(self):
        self.clean(includes.targets, {"sim/CMakeLists.txt": "superlane_library(sim isa models)\n"})
        self.faulty(includes.targets, {"sim/CMakeLists.txt": "superlane_library(sim isa compiler)\n"}, "sim must not link compiler")
        self.faulty(includes.targets, {"sim/CMakeLists.txt": "superlane_library(isa base)\n"}, "belongs into folder isa")

    def test_systemc(self):
        core = {"sim/core.hpp": "#include <systemc>\n", "sim/machine.hpp": "#include <vector>\n"}
        self.clean(includes.systemc, core | {"cli/a.cpp": '#include "sim/machine.hpp"\n'})
        self.faulty(includes.systemc, core | {"cli/a.cpp": "#include <systemc.h>\n"}, "only sim includes SystemC")
        self.faulty(includes.systemc, core | {"cli/a.cpp": '#include "sim/core.hpp"\n'}, "shows SystemC by way of sim/core.hpp")

    def test_licence_and_heads(self):
        self.clean(rules.licence, {"isa/a.cpp": HEAD, "scripts/x": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"})
        self.faulty(rules.licence, {"isa/a.cpp": "\n" + HEAD}, "isa/a.cpp:1")
        self.clean(rules.heads, {"isa/a.cpp": HEAD, "tests/isa/a_test.cpp": HEAD.splitlines()[0] + "\n#include <a>\n"})
        self.faulty(rules.heads, {"isa/a.cpp": HEAD.splitlines()[0] + "\n#pragma once\n"}, "isa/a.cpp:2")

    def test_lengths(self):
        long = "//\n" * 310
        reason = "isa/a.cpp 310 A table that must stand together.\n"
        self.faulty(rules.lengths, {"isa/a.cpp": long}, "310 lines, at most 300")
        self.clean(rules.lengths, {"isa/a.cpp": long, rules.LONG_FILES: "# comment\n" + reason})
        self.faulty(rules.lengths, {"isa/a.cpp": long + "//\n", rules.LONG_FILES: reason}, "its limit")
        self.faulty(rules.lengths, {"isa/a.cpp": "//\n", rules.LONG_FILES: reason}, "take it off")
        self.faulty(rules.lengths, {rules.LONG_FILES: reason}, "does not exist")
        self.faulty(rules.lengths, {rules.LONG_FILES: "isa/a.cpp 310\n"}, "must be: path, limit in lines, reason")

    def test_unfinished_and_machine_paths(self):
        self.faulty(rules.unfinished, {"isa/a.cpp": "// TO" + "DO: later\n"}, "isa/a.cpp:1: unfinished")
        self.clean(rules.unfinished, {"isa/a.cpp": "int TO" + "DOS;\n", "LICENSE": "TO" + "DO\n"})
        self.faulty(rules.machine_paths, {"docs/a.md": "see /home" + "/me/superlane\n"}, "docs/a.md:1")
        self.clean(rules.machine_paths, {"docs/a.md": "see models/home/x, https://a.org/work" + "/x, ${x}/home" + "/y\n"})

    def test_dead_files(self):
        cmake = {"isa/CMakeLists.txt": "superlane_library(isa base)\n", "tests/CMakeLists.txt": "superlane_tests(isa isa)\n"}
        self.clean(rules.dead_files, cmake | {"isa/a.hpp": "", "isa/a.cpp": '#include "isa/a.hpp"\n', "tests/isa/a_test.cpp": ""})
        self.faulty(rules.dead_files, cmake | {"isa/a.hpp": ""}, "nothing includes it")
        self.faulty(rules.dead_files, cmake | {"tests/sim/a_test.cpp": ""}, "no CMakeLists.txt compiles it")
        self.faulty(rules.dead_files, cmake | {"tests/isa/a.cpp": ""}, "no CMakeLists.txt compiles it")

    def test_links(self):
        good = {"docs/b.md": "# The Title\n", "docs/a.md": "[b](b.md#the-title) [w](https://a.org) `isa/` `isa/x.cpp`\n", "isa/x.cpp": ""}
        self.clean(documents.links, good)
        self.faulty(documents.links, good | {"docs/a.md": "[b](c.md)"}, "docs/a.md:1: link to c.md")
        self.faulty(documents.links, good | {"docs/a.md": "[b](b.md#no)"}, "no such heading")
        self.faulty(documents.links, good | {"docs/a.md": "`isa/gone.cpp`"}, "`isa/gone.cpp` does not exist")

    def test_fences(self):
        self.clean(documents.fences, {"docs/a.md": "```sh slow\nls a.json\n```\n\n```json a.json\n{}\n```\n```text\n```\n```python cluster\n```\n"})
        self.faulty(documents.fences, {"docs/a.md": "```\nls\n```\n"}, "docs/a.md:1: a block must be sh, python, json, text, not ''")
        self.faulty(documents.fences, {"docs/a.md": "```sh fast\nls\n```\n"}, "not 'fast'")
        self.faulty(documents.fences, {"docs/a.md": "```json a.json\n{}\n```\n```sh\nls\n```\n"}, "this page must read it")
        self.faulty(documents.fences, {"isa/a.md": "```sh\nls\n```\n"}, "in README.md and docs/ only")

    def test_commands(self):
        text = "# A\n```sh slow\nls\n\nbuild/superlane b \\\n  c\n```\n\n```text\nd\n```\n```sh install\nmake\n```\n"
        one, shown, other = documents.blocks(text)
        self.assertEqual((one.line, one.language, one.marks, one.output), (2, "sh", ["slow"], "d\n"))
        self.assertEqual(list(documents.commands(one)), [(3, "ls"), (5, "build/superlane b   c")])
        self.assertTrue(documents.runs(one) and not documents.runs(other))
        self.assertIsNone(shown.output)

    def test_output(self):
        printed = "model  tiny\nsimulator  1.2 s\ncycles  70\nspeed  3 tokens/s at 900 MHz\n"
        self.assertTrue(documents.says(printed, printed))
        self.assertTrue(documents.says("model  tiny\nsimulator  9 s\n...\nspeed  3 tokens/s...\n", printed))
        self.assertFalse(documents.says("model  tiny\n", printed))
        self.assertFalse(documents.says("...\ncycles  71\n...\n", printed))
        self.assertEqual(documents.refreshed("...\ncycles  71\nspeed  2 tokens/s...\n", printed), "...\ncycles  70\nspeed  3 tokens/s at 900 MHz\n")


unittest.main()
