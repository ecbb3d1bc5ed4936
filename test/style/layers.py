#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""layers - which folder may include which, and what may stand where.

The folders of kernel/ are layers: an #include goes down in `ORDER`, or stands in `UPWARD` with its reason; calls.py
checks the calls. The checks have one header for all others, options are asked for in headers only.
Assembler stays below kernel/arch and user/, no .c of the kernel has an #if (a choice is a file
that Meson picks), every file opens with its idea, and none grows past what one sitting can read.

Usage: layers.py [ROOT]. Prints FILE:LINE: and a sentence for each breach, and fails if there is one.
"""
import re
import sys
from pathlib import Path

# The folders of kernel/, the lowest first: a file includes files of its own folder and of lower ones.
ORDER = ["lib", "arch", "dev", "watch", "check", "fs", "mm", "proc", "sys", "planted"]

# The two files that connect everything.
MAY_LOOK_UP = {
    "kernel/arch/i386/trap.c": "trap entry: hands each trap to the folder that serves it",
    "kernel/main.c": "the boot order",
}

# (folder or file, header above it): why.
UPWARD = {
    ("lib", "watch/assert.h"): "a bug is reported where it is found",
    ("arch", "watch/assert.h"): "a bug is reported where it is found",
    ("dev", "watch/assert.h"): "a bug is reported where it is found",
    ("arch/i386/trapframe.c", "dev/console.h"): "a trap frame is printed",
    ("arch/i386/spinlock.h", "check/hooks.h"): "taking a lock is what the checks watch",
    ("lib/mutex_type.h", "check/hooks.h"): "a mutex contains what the checks keep of it",
}

# Of check/, only these folders include more than hooks.h.
KNOWS_CHECKS = {"check", "planted"}

# A number, not a choice.
CONFIG_NUMBERS = {"CONFIG_KSTACK_PAGES"}
MAX_LINES = 500

INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
CONFIG = re.compile(r"\bCONFIG_[A-Z_]+\b")
CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif)\b")
ASSEMBLER = re.compile(r"\b(__asm__|__asm|asm)\b(?=\s*(volatile|__volatile__|goto)?\s*\()")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def without_comments(text):
    """The text with its comments blanked and its line numbers kept."""
    return COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def rank(file):
    """The place in ORDER of "mm/page.c"; main.c lies above all."""
    folder = file.split("/")[0]
    return ORDER.index(folder) if folder in ORDER else len(ORDER)


def is_allowed(file, target, exceptions):
    return (file, target) in exceptions or (file.split("/")[0], target) in exceptions


def includes(name, lines):
    file, layer = name.removeprefix("kernel/"), name.split("/")[1]
    if name == "kernel/main.c":
        return
    for number, line in lines:
        found = INCLUDE.match(line)
        if not found or found[1].split("/")[0] not in ORDER:
            continue
        target = found[1]
        if target.startswith("check/") and target != "check/hooks.h" and layer not in KNOWS_CHECKS:
            yield number, f'{layer} may not include "{target}": of check/, it includes hooks.h'
        elif rank(target) > rank(file) and name not in MAY_LOOK_UP and not is_allowed(file, target, UPWARD):
            yield number, f'{layer} may not include "{target}": {target.split("/")[0]} lies above it'


def options(name, lines):
    if name.endswith(".c") and name != "kernel/main.c":
        for number, line in lines:
            for option in sorted(set(CONFIG.findall(line)) - CONFIG_NUMBERS):
                yield number, f"{option} in a .c: ask in a header, or make it a file that Meson picks"


def conditions(name, lines):
    if name.endswith(".c"):
        for number, line in lines:
            if CONDITION.match(line):
                yield number, "no #if in a .c: make it a file that Meson picks, or if (CONFIG_X)"


def assembler(name, lines):
    if not name.startswith("kernel/arch/"):
        for number, line in lines:
            if ASSEMBLER.search(line):
                yield number, "assembler outside kernel/arch: wrap the instruction in arch/i386/cpu.h"


def length(name, lines):
    if len(lines) > MAX_LINES:
        yield len(lines), f"longer than {MAX_LINES} lines: find the second idea in it"


def kernel_breaches(root):
    for path in sorted((root / "kernel").rglob("*")):
        if path.suffix not in {".c", ".h", ".S"}:
            continue
        name = path.relative_to(root).as_posix()
        if name.count("/") > 1 and name.split("/")[1] not in ORDER:
            yield f"{name}:1: kernel/{name.split('/')[1]} is no layer: see docs/map.md for the folders"
            continue
        lines = list(enumerate(without_comments(path.read_text()).split("\n"), 1))
        for rule in (includes, options, conditions, assembler, length):
            for number, sentence in rule(name, lines):
                yield f"{name}:{number}: {sentence}"


def opens_with_its_idea(path):
    """A C file with a block comment, a script with a comment or a docstring; #! and license may come first."""
    text = re.sub(r"\A(#![^\n]*\n)?((/\* |# )SPDX-License-Identifier: MIT( \*/)?\n)?", "", path.read_text())
    if path.suffix in {".c", ".h", ".S", ".def", ".ld"}:
        return text.startswith("/*")
    return not text.strip() or text.startswith(("#", '"""', 'r"""'))


def opening_breaches(root):
    for folder in ("kernel", "include", "user", "test", "tools", ".ci"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".c", ".h", ".S", ".def", ".ld", ".py", ".sh", ""} and path.is_file():
                if not opens_with_its_idea(path):
                    yield f"{path.relative_to(root)}:1: opens without saying what it is"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2])
    sys.exit("\n".join([*kernel_breaches(root), *opening_breaches(root)]) or None)


if __name__ == "__main__":
    main()
