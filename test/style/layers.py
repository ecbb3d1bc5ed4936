#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""layers - who may include whom, and what may stand where.

The folders of kernel/ are layers; an #include may follow the arrows of `ALLOWED` and no others.
Assembler stays below kernel/arch and user/, no .c of the kernel has an #if (a choice is a file
that Meson picks), every file opens with its idea, and none grows past what one sitting can read.

Usage: layers.py [ROOT]. Prints FILE:LINE: and a sentence for each breach, and fails if there is one.
"""
import re
import sys
from pathlib import Path

GROUND = {"arch", "dev", "watch", "check", "lib"}
ALLOWED = {
    "sys": {"sys", "proc", "fs", "mm"} | GROUND,
    "proc": {"proc", "fs", "mm"} | GROUND,
    "fs": {"fs"} | GROUND,
    "mm": {"mm"} | GROUND,
    "arch": GROUND,
    "dev": GROUND,
    "watch": GROUND,
    "check": GROUND,
    "planted": {"planted", "sys", "proc", "fs", "mm"} | GROUND,
    "lib": {"lib", "watch", "check"},
}
# The two that connect everything: the trap's entrance and the boot order.
MAY_LOOK_UP = {"kernel/arch/i386/trap.c", "kernel/main.c", "kernel/proc/init.c"}
MAX_LINES = 500

INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif)\b")
ASSEMBLER = re.compile(r"\b(__asm__|__asm|asm)\b(?=\s*(volatile|__volatile__|goto)?\s*\()")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def without_comments(text):
    """The text with its comments blanked and its line numbers kept."""
    return COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def includes(name, lines):
    layer = name.split("/")[1]
    if name in MAY_LOOK_UP:
        return
    for number, line in lines:
        found = INCLUDE.match(line)
        if not found or "/" not in found[1]:
            continue
        target = found[1].split("/")[0]
        if target in ALLOWED and target not in ALLOWED[layer]:
            yield number, f'{layer} may not include "{found[1]}": {target} lies above or beside it'


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
        if name.count("/") > 1 and name.split("/")[1] not in ALLOWED:
            yield f"{name}:1: kernel/{name.split('/')[1]} is no layer: see docs/map.md for the folders"
            continue
        lines = list(enumerate(without_comments(path.read_text()).split("\n"), 1))
        for rule in (includes, conditions, assembler, length):
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
