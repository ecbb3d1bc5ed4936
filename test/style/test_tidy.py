# SPDX-License-Identifier: MIT
"""tidy.py against sabotage: what changed is checked again, however it changed; what fails never counts as passed.

In place of clang-tidy runs a script that writes down which files it is given, and dislikes the word "bad".
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import tidy  # noqa: E402

PROGRAM = '''#!/bin/sh
echo "$*" >>"{log}"
for file; do if [ -f "$file" ] && grep bad "$file"; then exit 1; fi; done
'''

FILES = {
    ".clang-tidy": "Checks: '*'\n",
    "include/ucow/abi.h": "#define PAGE_SIZE 4096\n",
    "kernel/lib/list.h": "struct list;\n",
    "kernel/mm/page.h": '#include "lib/list.h"\n#include <ucow/abi.h>\n#include <stddef.h>\n',
    "kernel/mm/page.c": '#include "mm/page.h"\n',
    "kernel/mm/swap.c": '  #  include "mm/page.h"\n#include "config.h"\n',
    "kernel/proc/fork.c": '#include "lib/list.h"\n',
    "kernel/planted/heap.c": "bad\n",
    "build/kernel/config.h": "#define CONFIG_COW 1\n#define CONFIG_SWAP 0\n",
}
LEFT_OUT = "kernel/mm/swap.c"
COMPILED = ["kernel/mm/page.c", "kernel/proc/fork.c"]
ALL = [COMPILED[0], LEFT_OUT, COMPILED[1]]


class Tree:
    """A source tree with its build directory, in a folder of its own."""

    def __init__(self, root: Path):
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)
        self.compile_with("-O2")
        self.write("bin/clang-tidy", PROGRAM.format(log=root / "log"))
        (root / "bin/clang-tidy").chmod(0o755)

    def write(self, name: str, text: str):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def compile_with(self, flag: str):
        entries = [{"directory": str(self.root / "build"), "file": f"../{name}", "output": f"kernel/{Path(name).stem}.o",
                    "command": f"clang {flag} -Ikernel -I../kernel -I../include -c ../{name}"} for name in COMPILED]
        unit = {**entries[0], "output": "test/unit/page.o", "command": "cc -c"}
        self.write("build/compile_commands.json", json.dumps([unit, *entries]))

    def tidy(self, fails: bool = False) -> list[str]:
        """Check the tree; the files that clang-tidy was given."""
        self.write("log", "")
        tidy.read.cache_clear()
        complaints = tidy.Tidy(str(self.root / "bin/clang-tidy"), self.root / "build", self.root).run()
        assert bool(complaints) == fails
        return sorted(str(Path(file).relative_to(self.root)) for file in self.told())

    def told(self) -> dict[str, str]:
        """The arguments with which clang-tidy was started last for each file."""
        return {word: line for line in (self.root / "log").read_text().splitlines()
                for word in line.split() if word.endswith(".c")}


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_all_are_checked_once(tree):
    assert tree.tidy() == ALL
    assert tree.tidy() == []


def test_a_file_left_out_is_checked_with_every_option(tree):
    tree.tidy()
    told = tree.told()
    folder = tree.root / "build/style-tidy"
    assert [name for name in ALL if f"-I{folder}" in told[str(tree.root / name)]] == [LEFT_OUT]
    assert re.findall("CONFIG_.*", (folder / "config.h").read_text()) == ["CONFIG_COW 1", "CONFIG_SWAP 1"]


@pytest.mark.parametrize("name, text, again", [
    ("kernel/proc/fork.c", '#include "lib/list.h"\nint x;\n', ["kernel/proc/fork.c"]),
    ("kernel/mm/page.h", "int x;\n", ["kernel/mm/page.c", LEFT_OUT]),
    ("kernel/lib/list.h", "int x;\n", ALL),
    ("include/ucow/abi.h", "int x;\n", ["kernel/mm/page.c", LEFT_OUT]),
    ("kernel/proc/stddef.h", "int x;\n", []),
    ("kernel/mm/stddef.h", "int x;\n", ["kernel/mm/page.c", LEFT_OUT]),
    ("build/kernel/config.h", "#define CONFIG_COW 1\n", [LEFT_OUT]),
    ("kernel/mm/new.c", "int x;\n", ["kernel/mm/new.c"]),
    (".clang-tidy", "Checks: '-*'\n", ALL),
    ("bin/clang-tidy", PROGRAM + "# of another version\n", ALL),
])
def test_what_changed_is_checked_again(tree, name, text, again):
    tree.tidy()
    tree.write(name, text.replace("{log}", str(tree.root / "log")))
    assert tree.tidy() == again
    assert tree.tidy() == []


def test_other_flags_are_another_check(tree):
    tree.tidy()
    tree.compile_with("-O0")
    assert tree.tidy() == ALL


def test_what_fails_is_checked_until_it_passes(tree):
    tree.write("kernel/mm/page.c", "bad\n")
    assert tree.tidy(fails=True) == ALL
    assert tree.tidy(fails=True) == ["kernel/mm/page.c"]
    tree.write("kernel/mm/page.c", "good\n")
    assert tree.tidy() == ["kernel/mm/page.c"]


def test_one_failure_in_a_batch_is_one_failure(tree, monkeypatch):
    """All files are given to one process. One of them fails, and only that one is checked again."""
    monkeypatch.setattr(tidy.os, "cpu_count", lambda: 1)
    tree.write("kernel/mm/page.c", "bad\n")
    assert tree.tidy(fails=True) == ALL
    assert tree.tidy(fails=True) == ["kernel/mm/page.c"]


def test_what_passed_and_fails_now_is_noticed(tree):
    tree.tidy()
    tree.write("kernel/mm/page.c", "bad\n")
    assert tree.tidy(fails=True) == ["kernel/mm/page.c"]
    tree.write("kernel/mm/page.c", FILES["kernel/mm/page.c"])
    assert tree.tidy() == ["kernel/mm/page.c"]


@pytest.mark.parametrize("text, status, said", [("good\n", 0, "3 of 3 files checked"), ("bad\n", 1, "bad")])
def test_the_status_tells(tree, text, status, said):
    tree.write("kernel/mm/page.c", text)
    result = subprocess.run([sys.executable, tidy.__file__, tree.root / "build", tree.root],
                            env={"PATH": f"{tree.root / 'bin'}:{os.environ['PATH']}"},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode == status and said in result.stdout.splitlines()[-1]
