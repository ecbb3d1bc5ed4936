# SPDX-License-Identifier: MIT
"""The statements of plang, and their text (docs/plang.md).

What user/fuzz/plang.c must know as well is read from its plang.def.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from .. import LabError

DEFINITIONS = (Path(__file__).resolve().parents[3] / "user/fuzz/plang.def").read_text(encoding="utf-8")
OPCODES = {name: number for number, name in enumerate(re.findall(r"^OP\((\w+)\)", DEFINITIONS, re.MULTILINE))}
KINDS = [(kind, int(count)) for kind, count in re.findall(r"^PAGES\((\w), (\d+)\)", DEFINITIONS, re.MULTILINE)]
CONSTANT = {name: int(value, 0) for name, value in re.findall(r"^CONSTANT\((\w+), (\w+)\)", DEFINITIONS, re.MULTILINE)}
CELLS, NOWHERE, CHILDREN, THREADS = (CONSTANT[name] for name in ("CELLS", "NOWHERE", "CHILDREN", "THREADS"))

PAGE_NAMES = [f"{kind}{i}" for kind, count in KINDS for i in range(count)]
PAGES = len(PAGE_NAMES)
FIRST = {kind: PAGE_NAMES.index(f"{kind}0") for kind, _ in KINDS}
HEAP, HEAP_PAGES = FIRST["h"], dict(KINDS)["h"]
WORD = 0xFFFFFFFF

# What mmap makes, and the rights and flags that ask for it: PROT_READ 1, PROT_WRITE 2; MAP_SHARED 1,
# MAP_PRIVATE 2, MAP_FIXED 0x10, MAP_ANONYMOUS 0x20, the flags from bit 8 on.
MAPPINGS = {"private": 3 | 0x32 << 8, "shared": 3 | 0x31 << 8, "readonly": 1 | 0x32 << 8, "none": 0x32 << 8}
BLOCKS = {"fork", "doomed", "thread", "exec"}


class PlangError(LabError):
    """A program that is not one, or whose results would depend on the order of its processes."""


class Op(NamedTuple):
    """A statement. The fields are those of the instruction, but a names a child by its number from 1,
    and c of an mmap is an index into MAPPINGS. `end` closes a block."""
    name: str
    a: int = 0
    b: int = 0
    c: int = 0

    def __str__(self) -> str:
        return STATEMENTS[self.name](self)


def cell_name(cell: int) -> str:
    return f"{PAGE_NAMES[cell // CELLS]}.{cell % CELLS}"


def run_name(op: Op) -> str:
    return PAGE_NAMES[op.a] + (f"+{op.b}" if op.b != 1 else "")


STATEMENTS: dict[str, Callable[[Op], str]] = {
    "fork": lambda op: f"fork {op.a} {{", "doomed": lambda op: f"doomed {op.a} {{",
    "thread": lambda op: f"thread {op.a} {{", "exec": lambda _: "exec {", "end": lambda _: "}",
    "noexec": lambda _: "noexec", "waitall": lambda _: "waitall", "sum": lambda _: "sum",
    "wait": lambda op: f"wait {op.a}" + (f" into {cell_name(op.b)}" if op.b != NOWHERE else ""),
    "kill": lambda op: f"kill {op.a}", "yield": lambda op: f"yield {op.a}",
    "write": lambda op: f"write {cell_name(op.b)} {op.c}", "read": lambda op: f"read {cell_name(op.b)}",
    "brk": lambda op: f"brk {op.a}", "mmap": lambda op: f"mmap {run_name(op)} {list(MAPPINGS)[op.c]}",
    "munmap": lambda op: f"munmap {run_name(op)}", "pageout": lambda op: f"pageout {run_name(op)}",
    "exit": lambda op: f"exit {op.c}",
}


def text(ops: Iterable[Op]) -> str:
    """The program as people read it; `parse` reads it back."""
    lines, depth = [], 0
    for op in ops:
        depth -= op.name == "end"
        lines.append("  " * depth + str(op))
        depth += op.name in BLOCKS
    return "\n".join(lines) + "\n"


# ---- reading ----

def room(page: int) -> int:
    """How many pages of its kind there are from this one on."""
    return next(FIRST[kind] + count - page for kind, count in KINDS if page < FIRST[kind] + count)


def page_run(word: str) -> tuple[int, int]:
    name, _, count = word.partition("+")
    page = PAGE_NAMES.index(name)
    if not 1 <= int(count or 1) <= room(page):
        raise ValueError
    return page, int(count or 1)


def cell(word: str) -> int:
    name, _, number = word.partition(".")
    if int(number) not in range(CELLS):
        raise ValueError
    return PAGE_NAMES.index(name) * CELLS + int(number)


def number(word: str, low: int, high: int) -> int:
    if not low <= int(word) <= high:
        raise ValueError
    return int(word)


def _statement(words: Sequence[str]) -> Op:
    match words:
        case [("fork" | "doomed" | "thread") as name, label, "{"]:
            return Op(name, number(label, 1, CHILDREN))
        case ["exec", "{"]:
            return Op("exec")
        case ["}"]:
            return Op("end")
        case [("noexec" | "waitall" | "sum") as name]:
            return Op(name)
        case ["wait", label]:
            return Op("wait", number(label, 1, CHILDREN), NOWHERE)
        case ["wait", label, "into", where]:
            return Op("wait", number(label, 1, CHILDREN), cell(where))
        case ["kill", label]:
            return Op("kill", number(label, 1, CHILDREN))
        case ["yield", times]:
            return Op("yield", number(times, 0, 255))
        case ["write", where, value]:
            return Op("write", 0, cell(where), number(value, 0, WORD))
        case ["read", where]:
            return Op("read", 0, cell(where))
        case ["brk", pages]:
            return Op("brk", number(pages, 0, HEAP_PAGES))
        case ["mmap", pages, kind]:
            return Op("mmap", *page_run(pages), list(MAPPINGS).index(kind))
        case [("munmap" | "pageout") as name, pages]:
            return Op(name, *page_run(pages))
        case ["exit", code]:
            return Op("exit", 0, 0, number(code, -2**31, 2**31 - 1))
    raise ValueError


def parse(program: str) -> list[Op]:
    """The statements of a text."""
    ops, depth = [], 0
    for at, line in enumerate(program.split("\n"), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            op = _statement(words)
        except ValueError:
            raise PlangError(f"line {at}: `{line.strip()}` is no statement: see docs/plang.md") from None
        depth += (op.name in BLOCKS) - (op.name == "end")
        if depth < 0:
            raise PlangError(f"line {at}: this }} closes nothing")
        ops.append(op)
    if depth:
        raise PlangError(f"{depth} blocks are not closed")
    return ops
