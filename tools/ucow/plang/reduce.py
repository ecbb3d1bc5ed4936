# SPDX-License-Identifier: MIT
"""From a program that goes wrong to the smallest that still does.

hypothesis would try one smaller program after the other, a machine for each. Here all that are one step
smaller are tried in one boot, and the smallest that fails is the next: a few boots in all.
"""

import os
import shlex
import time
from collections.abc import Iterator, Sequence

from ..pools import Threads
from .batch import Difference, Setting, examine
from .language import BLOCKS, NOWHERE, Op
from .oracle import Translation, translate

COPIES = 8


def block_end(ops: Sequence[Op], at: int) -> int:
    """The place after the statement at `at`, its block included."""
    depth = 0
    while True:
        depth += (ops[at].name in BLOCKS) - (ops[at].name == "end")
        at += 1
        if depth <= 0:
            return at


def without_runs(ops: Sequence[Op]) -> Iterator[list[Op]]:
    """Without so many statements in a row; a block goes as a whole."""
    for length in (16, 8, 4, 2, 1):
        for start in range(len(ops)):
            end = start
            for _ in range(length):
                if end < len(ops) and ops[end].name != "end":
                    end = block_end(ops, end)
            if end > start:
                yield [*ops[:start], *ops[end:]]


def without_braces(ops: Sequence[Op]) -> Iterator[list[Op]]:
    """A block's statements without the block, and the block alone as the program."""
    for at, op in enumerate(ops):
        if op.name in BLOCKS:
            end = block_end(ops, at)
            yield [*ops[:at], *ops[at + 1:end - 1], *ops[end:]]
            yield list(ops[at + 1:end - 1])


def simpler(op: Op) -> Iterator[Op]:
    """Statements that say the same about less."""
    if op.name in ("mmap", "munmap", "pageout") and op.b > 1:
        yield op._replace(b=1)
        yield op._replace(b=op.b - 1)
        yield op._replace(a=op.a + 1, b=op.b - 1)
    if op.name == "mmap" and op.c:
        yield op._replace(c=0)
    if op.name == "brk" and op.a > 1:
        yield op._replace(a=op.a - 1)
    if op.name == "yield" and op.a > 1:
        yield op._replace(a=1)
    if op.name in ("write", "exit") and op.c not in (0, 1):
        yield op._replace(c=1)
    if op.name == "wait" and op.b != NOWHERE:
        yield op._replace(b=NOWHERE)
    if op.name in ("thread", "doomed"):
        yield op._replace(name="fork")
    if op.name in ("fork", "doomed", "thread") and op.a > 1:
        yield op._replace(a=op.a - 1)


def smaller(program: Translation) -> list[Translation]:
    """Every program one step smaller, the smallest first."""
    ops = program.ops
    steps = [*without_runs(ops), *without_braces(ops)]
    steps += [[*ops[:at], other, *ops[at + 1:]] for at, op in enumerate(ops) for other in simpler(op)]
    made = {made.text(): made for made in (translate(step, leave_out=True) for step in steps)}
    made.pop(program.text(), None)
    return sorted(made.values(), key=size)


def size(program: Translation) -> tuple[int, int, int]:
    """What makes a program large: statements, then numbers in them, then its text."""
    return len(program.ops), sum(op.a + op.b + op.c for op in program.ops if op.c >= 0), len(program.text())


def first_that_fails(setting: Setting, programs: Sequence[Translation]) -> Translation | None:
    """The smallest that fails, whether it answers wrongly or ends the machine."""
    wrong = examine(setting, programs, jobs=1) if programs else {}
    if any(difference.in_company for difference in wrong.values()):  # so each is tried alone
        with Threads(os.cpu_count()) as pool:
            alone = pool.map(lambda program: examine(setting, [program], jobs=1), programs)
            found = next((program for program, differs in zip(programs, alone) if differs), None)
            pool.shutdown(cancel_futures=True)
        return found
    return programs[min(wrong)] if wrong else None


def copies_that_fail(setting: Setting, program: Translation) -> tuple[int, Difference] | None:
    """How many copies of a program it takes: what it does wrong may need memory that another has used."""
    for copies in (1, COPIES):
        if wrong := examine(setting, [program] * copies, jobs=1):
            return copies, wrong[max(wrong)]
    return None


def reduce(setting: Setting, program: Translation, seconds: float = 30) -> tuple[Translation, int, Difference] | None:
    """The smallest program found, how many copies of it fail, and how; None if it fails only beside others."""
    nothing = translate([Op("exit")])
    if failing := copies_that_fail(setting, nothing):  # the interpreter's own forks are enough
        return nothing, *failing
    deadline = time.monotonic() + seconds
    small = program
    while time.monotonic() < deadline and (found := first_that_fails(setting, smaller(small))):
        if size(found) >= size(small):
            break
        small = found
    for candidate in (small, program):
        if failing := copies_that_fail(setting, candidate):
            return candidate, *failing
    return None


def repeat(setting: Setting, program: Translation, copies: int) -> str:
    """One command that runs the program on this build."""
    words = ["tools/compare", *(["--linux"] if setting.linux else []), "--build", str(setting.folder),
             *(["--copies", str(copies)] if copies > 1 else []), "-"]
    return f"{shlex.join(words)} <<'END'\n{program.text()}END"


def explain(setting: Setting, program: Translation, wrong: Difference) -> str:
    """A counter-example for people: the smallest found, what is wrong with it, and how to see it again."""
    found = reduce(setting, program)
    if found is None:
        return (f"{wrong}\n(only beside the other programs of its batch)\n\n"
                f"{program.text()}")
    small, copies, what = found
    return f"{what}\n\n{small.text()}\nrepeat it with\n{repeat(setting, small, copies)}"
