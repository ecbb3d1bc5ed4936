"""Programs made by hypothesis: any list of statements, of which the model leaves out what is not determinate."""

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .language import BLOCKS, CELLS, CHILDREN, HEAP_PAGES, NOWHERE, PAGES, Op, room
from .model import Translation, translate

# How often each statement is asked for.
WEIGHTS = {
    "trywrite": 10, "tryread": 3, "fork": 6, "end": 6, "wait": 5, "waitall": 2, "mmap": 6, "munmap": 3, "brk": 3,
    "pageout": 4, "yield": 3, "thread": 2, "exec": 1, "noexec": 1, "doomed": 2, "kill": 1, "sum": 1, "badwrite": 1,
    "badread": 1, "exit": 1,
}
KINDS = [0, 0, 0, 1, 1, 1, 2, 3]  # of mappings: mostly private and shared ones
CODES = [0, 1, 7, -1, -9, -2**31, 2**31 - 1, 255]
SHORTEST, LONGEST = 12, 52

DRAWN = st.lists(st.tuples(st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)]),
                           st.integers(0, PAGES * CELLS - 1), st.integers(0, 31)),
                 min_size=SHORTEST, max_size=LONGEST)


def statement(name: str, at: int, where: int, how: int) -> Op:
    """The statement with this name that two numbers stand for; `at` is its place in the program."""
    page = where // CELLS
    if name in ("trywrite", "badwrite"):
        return Op(name, b=where, c=at)  # a value that nobody else writes
    if name in ("tryread", "badread"):
        return Op(name, b=where)
    if name == "mmap":
        return Op(name, page, min(1 + how % 4, room(page)), KINDS[how // 4])
    if name in ("munmap", "pageout"):
        return Op(name, page, min(1 + how % 4, room(page)))
    if name == "wait":
        return Op(name, 1 + how % CHILDREN, NOWHERE if how < 16 else where)
    if name == "exit":
        return Op(name, c=CODES[how % len(CODES)])
    return Op(name, {"brk": how % (HEAP_PAGES + 1), "yield": how % 8, "kill": 1 + how % CHILDREN}.get(name, 0))


def program(drawn: list[tuple[str, int, int]]) -> Translation:
    """The program that was drawn, its blocks balanced."""
    ops, depth = [], 0
    for at, (name, where, how) in enumerate(drawn, 1):
        if name == "end" and depth == 0:
            continue
        depth += (name in BLOCKS) - (name == "end")
        ops.append(statement(name, at, where, how))
    return translate([*ops, *[Op("end")] * depth], leave_out=True)


def programs(count: int, number: int) -> list[Translation]:
    """So many programs, always the same for a seed."""
    made: list[Translation] = []

    @seed(number)
    @settings(max_examples=count, phases=[Phase.generate], database=None, deadline=None,
              suppress_health_check=list(HealthCheck))
    @given(DRAWN)
    def make(drawn):
        made.append(program(drawn))

    make()
    return made[:count]
