# SPDX-License-Identifier: MIT
"""Programs made by hypothesis: any list of statements, of which the model leaves out what is not determinate."""

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .language import BLOCKS, CELLS, CHILDREN, HEAP_PAGES, NOWHERE, PAGE_NAMES, PAGES, Op, room
from .oracle import Translation, translate

# How often each statement is asked for, at the beginning and later.
FIRST = {"mmap": 3, "brk": 2, "trywrite": 4}
WEIGHTS = {
    "trywrite": 12, "tryread": 3, "fork": 8, "end": 12, "wait": 6, "waitall": 4, "mmap": 4, "munmap": 3, "brk": 3,
    "pageout": 4, "yield": 3, "thread": 2, "exec": 1, "noexec": 1, "doomed": 2, "kill": 6, "sum": 1, "badwrite": 1,
    "badread": 1, "exit": 1,
}
NOT_OUTSIDE = {"end", "exit", "badwrite", "badread"}  # outside of blocks nothing would be left to do
KINDS = [0, 0, 0, 1, 1, 1, 2, 3]  # of mappings: mostly private and shared ones
CODES = [0, 1, 7, -1, -9, -2**31, 2**31 - 1, 255]
# Where mappings begin: often around the end of a page table.
PLACES = [page for page, name in enumerate(PAGE_NAMES)
          for _ in range(6 if name in ("m2", "m3", "m4") else 2 if name[0] == "m" else 1)]
WHERE, HOW = 128, 32  # how many numbers choose a place, and the rest


def drawn(weights: dict[str, int], shortest: int, longest: int) -> st.SearchStrategy[list[tuple[str, int, int]]]:
    """Lists of a name and two numbers; each is one number to hypothesis, which takes time for every draw."""
    names = [name for name, weight in weights.items() for _ in range(weight)]

    def unpack(number: int) -> tuple[str, int, int]:
        rest, name = divmod(number, len(names))
        return names[name], rest // HOW, rest % HOW
    return st.lists(st.integers(0, len(names) * WHERE * HOW - 1).map(unpack), min_size=shortest, max_size=longest)


DRAWN = st.tuples(drawn(FIRST, 2, 8), drawn(WEIGHTS, 14, 60)).map(lambda parts: parts[0] + parts[1])


def statement(name: str, at: int, where: int, how: int) -> Op:
    """The statement with this name that two numbers stand for; `at` is its place in the program."""
    page, cell = PLACES[where % len(PLACES)], where % (PAGES * CELLS)
    if name in ("trywrite", "badwrite"):
        return Op(name, b=cell, c=at)  # a value that no other statement writes
    if name in ("tryread", "badread"):
        return Op(name, b=cell)
    if name == "mmap":
        return Op(name, page, min(1 + how % 4, room(page)), KINDS[how // 4])
    if name in ("munmap", "pageout"):
        return Op(name, page, min(1 + how % 4, room(page)))
    if name == "wait":
        return Op(name, 1 + how % CHILDREN, NOWHERE if how < 16 else cell)
    if name == "exit":
        return Op(name, c=CODES[how % len(CODES)])
    return Op(name, {"brk": how % (HEAP_PAGES + 1), "yield": how % 8, "kill": 1 + how % CHILDREN}.get(name, 0))


def narrow(op: Op) -> Op:
    """The statement as Linux has it, where an exit code is a byte: with a code that one has."""
    return op._replace(c=(op.c + 128) % 256 - 128) if op.name == "exit" else op


def program(drawn: list[tuple[str, int, int]], linux: bool = False) -> Translation:
    """The program that was drawn, its blocks balanced; one "waitall" for each block left open."""
    ops, depth = [], 0
    for at, (name, where, how) in enumerate(drawn, 1):
        if depth == 0 and name in NOT_OUTSIDE:
            continue
        depth += (name in BLOCKS) - (name == "end")
        op = statement(name, at, where, how)
        ops.append(narrow(op) if linux else op)
    return translate([*ops, *[Op("end"), Op("waitall")] * depth], leave_out=True)


def programs(count: int, number: int, linux: bool = False) -> list[Translation]:
    """So many programs, always the same for a seed; for Linux with its exit codes."""
    made: list[Translation] = []

    @seed(number)
    @settings(max_examples=count, phases=[Phase.generate], database=None, deadline=None,
              suppress_health_check=list(HealthCheck))
    @given(DRAWN)
    def make(drawn: list[tuple[str, int, int]]) -> None:
        made.append(program(drawn, linux))

    make()
    return made[:count]
