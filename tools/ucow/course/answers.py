# SPDX-License-Identifier: MIT
"""What the programs of user/course must print for a number: the same computations as theirs, in Python."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WORD = 0xFFFFFFFF
PAGES, PAGE_WORDS = 12, 1024  # of forkmem
KILLED = -9


class Numbers:
    """The sequence of numbers.h."""

    def __init__(self, seed: int) -> None:
        self.state = seed & WORD

    def next(self) -> int:
        """The next number, from 0 to 0xffff."""
        self.state = (self.state * 1664525 + 1013904223) & WORD
        return self.state >> 16


@dataclass
class Answer:
    """What a run must show: lines in any order, each exactly once unless `repeated`, and no others with their prefix; the
    exit codes of all processes but the first; how many children init gets from others."""
    lines: list[str]
    codes: list[int] = field(default_factory=list)
    orphans: int = 0
    program: str = ""
    prefix: str = ""
    repeated: bool = False


class Pages:
    """The pages of forkmem."""

    def __init__(self, seed: int) -> None:
        self.words: list[list[int]] = [[]] * PAGES
        self.fill_all(seed)

    def fill(self, page: int, seed: int) -> None:
        """As fill() there."""
        numbers = Numbers(seed)
        self.words[page] = [numbers.next() for _ in range(PAGE_WORDS)]

    def fill_all(self, seed: int) -> None:
        """As fill_all() there."""
        for page in range(PAGES):
            self.fill(page, seed + page)

    def sum(self) -> int:
        """As sum() there."""
        total = 0
        for page in self.words:
            for word in page:
                total = (total * 31 + word) & WORD
        return total


def forkmem_read(seed: int) -> Answer:
    """The child only reads."""
    total = Pages(seed).sum()
    return Answer([f"child reads {total:08x}", f"the child's code is {total & 0xffffff:06x}", f"parent reads {total:08x}"],
                  [total & 0xffffff])


def forkmem_write(seed: int) -> Answer:
    """Both write."""
    first, child, parent = (Pages(seed + more).sum() for more in (0, 1000, 2000))
    return Answer([f"child has {child:08x} {seed + 1:08x}", f"parent has {first:08x} {seed:08x}",
                   f"the child's code is {child & 0xffffff:06x}", f"parent ends with {parent:08x} {seed + 2:08x}"],
                  [child & 0xffffff])


def forkmem_generations(seed: int) -> Answer:
    """Each generation writes its page."""
    pages, lines = Pages(seed), [f"the first has {Pages(seed).sum():08x}"]
    last = 4 + seed % 4
    for number in range(1, last + 1):
        pages.fill(number % PAGES, seed + 100 * number)
        lines.append(f"generation {number} has {pages.sum():08x} then {pages.sum():08x}")
    return Answer(lines, [0] * last)


def forkmem_siblings(seed: int) -> Answer:
    """Each child writes its own pages."""
    lines, codes, n = [f"parent has {Pages(seed).sum():08x}"], [], 3 + seed % 3
    for child in range(n):
        pages = Pages(seed)
        for page in range(child, PAGES, n):
            pages.fill(page, seed + 7 * child)
        codes.append(pages.sum() & 0xffffff)
        lines += [f"sibling {child} has {pages.sum():08x}", f"sibling {child}'s code is {codes[-1]:06x}"]
    return Answer(lines, codes)


def forkmem_kernel(seed: int) -> Answer:
    """The kernel stores an exit code."""
    numbers = Numbers(seed)
    mine, inner = numbers.next(), numbers.next()
    return Answer([f"child gets 0 and {inner:04x}", f"the child's code is {inner + 1:05x}", f"parent still has {mine:04x}"],
                  [inner, inner + 1])


def forkmem_alone(seed: int) -> Answer:
    """The parent writes again when its child has ended."""
    code = Pages(seed).sum() & 0xffffff
    return Answer([f"the child's code is {code:06x}", f"parent has {Pages(seed + 1).sum():08x}"], [code])


def child_codes(seed: int) -> list[int]:
    """The codes of fork_all() in lives.c."""
    numbers, codes = Numbers(seed), []
    for _ in range(4 + seed % 5):
        codes.append(numbers.next())
        numbers.next()
    return codes


def lives_codes(seed: int) -> Answer:
    """Children by pid."""
    codes = child_codes(seed)
    return Answer([f"child {i}: 0, code {code}" for i, code in enumerate(codes)], codes)


def lives_any(seed: int) -> Answer:
    """Children as they come."""
    codes = child_codes(seed)
    return Answer([f"{len(codes)} children, sum {sum(codes)}, then -2"], codes)


def lives_strangers(seed: int) -> Answer:
    """What there is nothing to wait for."""
    code = Numbers(seed).next()
    return Answer(["without children -2", "the parent is no child: -2", "itself -2, init -2, negative -2",
                   f"first 0 with code {code}, again -2"], [0, code])


def lives_cases(seed: int) -> Answer:
    """Both cases of wait."""
    numbers = Numbers(seed)
    early, late = numbers.next(), numbers.next()
    return Answer([f"ended before the wait: 0, code {early}", f"ended during the wait: 0, code {late}"], [early, late])


def lives_orphans(seed: int) -> Answer:
    """A parent that ends before its children."""
    n, code = 2 + seed % 4, Numbers(seed).next()
    return Answer([f"their parent: 0, code {code}", "grandchildren are no children: -2",
                   *(f"orphan {i} of {seed} has parent 1" for i in range(n))], [code, *range(n)], orphans=n)


def lives_dead(seed: int) -> Answer:
    """A parent that ends with dead children."""
    n, numbers, codes = 2 + seed % 4, Numbers(seed), []
    code = Numbers(seed).next()
    for _ in range(n):
        codes.append(numbers.next())
        numbers.next()
    return Answer([f"left {n} dead children: 0, code {code}"], [*codes, code], orphans=n)


def killed(what: str) -> Callable[[int], Answer]:
    """The answer of kill_child() there."""
    return lambda seed: Answer([f"number {Numbers(seed).next()}",
                                f"kill of {what}: 0, again {KILLED}, wait 0, code {KILLED}, at once"], [KILLED])


def lives_waiting(seed: int) -> Answer:
    """A victim that waits."""
    return Answer([f"number {Numbers(seed).next()}", f"kill of one that waits: 0, wait 0, code {KILLED}",
                   "kill of its child: 0"], [KILLED, KILLED], orphans=1)


def lives_unkillable(seed: int) -> Answer:
    """What cannot be killed."""
    code = Numbers(seed).next()
    return Answer([f"kill of a zombie {KILLED}, its code {code}, of a reaped child -3, of init -3",
                   f"one that kills itself has code {KILLED}"], [code, KILLED])


def lineage_group(seed: int) -> Answer:
    """A chain of children."""
    depth = 3 + seed % 3
    codes = [seed % 1000 + i for i in range(1, depth + 1)]
    return Answer([*(f"{i} of {seed}: parent right, group inherited, FPU inherited" for i in range(1, depth + 1)),
                   *(f"{i} ends: 0, code {code}" for i, code in enumerate(codes, 1))], codes)


def lineage_full(seed: int) -> Answer:
    """Forks that fail, and the last one that does not."""
    number = Numbers(seed).next()
    return Answer([f"number {number}, fork fails with no memory, the same room the second time",
                   f"the last child ends with {number}"])


def lineage_tables(seed: int) -> Answer:
    """Writers that find no memory."""
    return Answer([f"number {Numbers(seed).next()}, 4 of 4 writers found no memory"])


def forkmem_big(seed: int) -> Answer:
    """Much memory."""
    numbers, total = Numbers(seed), 0
    for _ in range(4096):
        total = (total * 31 + numbers.next()) & WORD
    return Answer([f"child reads {total:08x}", f"the child's code is {total & 0xffffff:06x}", f"parent reads {total:08x}"],
                  [total & 0xffffff])


def forkmem_shared(seed: int) -> Answer:
    """Shared memory."""
    numbers = Numbers(seed)
    first, second = numbers.next(), numbers.next()
    return Answer(["shared, the child's code is 0", f"shared, the child wrote {second:04x} and {first + 1:05x}"], [0])


def calls_enter(seed: int) -> Answer:
    """A program runs."""
    numbers = Numbers(seed)
    return Answer([f"a program runs, number {numbers.next()}", f"meanwhile the clock goes on, number {numbers.next()}"])


def calls_results(seed: int) -> Answer:
    """Moves of the end of the heap."""
    numbers, lines = Numbers(seed), []
    for _ in range(4):
        size = 4096 * (1 + numbers.next() % 8)
        lines.append(f"brk by {size} moves it by {size}")
    return Answer(list(dict.fromkeys(lines)), repeated=True)


def calls_unknown(seed: int) -> Answer:
    """Numbers that no system call has."""
    numbers = Numbers(seed)
    numbers.next()
    lines = [f"30 of 30 refused, registers kept 30 times, a huge one -20, number {numbers.next()}",
             f"the first one beyond the table -20, number {numbers.next()}"]
    numbers.next()
    return Answer([*lines, f"a negative one -20, number {numbers.next()}"])


def calls_parents(seed: int) -> Answer:
    """A chain of children."""
    depth = 3 + seed % 4
    codes = [seed % 500 + i for i in range(1, depth + 1)]
    return Answer([*(f"child {i} of {seed}: getppid is right" for i in range(1, depth + 1)),
                   *(f"child {i} ends with {code}" for i, code in enumerate(codes, 1))], codes + [seed % 500] * depth)


def linuxstart_number(seed: int) -> Answer:
    """A program for Linux executes itself with the number in the environment."""
    return Answer(["3 arguments, 0 of the environment", "3 arguments, 1 of the environment", f"the environment has {seed}"])


def begins_words(seed: int) -> Answer:
    """The words of the command line."""
    return Answer([f"three words, the last is {seed}"])


def begins_data(seed: int) -> Answer:
    """Data and bss."""
    return Answer([f"data {17 + 23 * 1501 + 42 * 3000}, bss with 0 words that are not 0, number {Numbers(seed).next()}"])


def begins_args(seed: int) -> Answer:
    """Words for a new program."""
    numbers, words = Numbers(seed), []
    for _ in range(1 + seed % 8):
        width = numbers.next() % 12
        words.append(f"w{numbers.next():0{width}d}" if width else f"w{numbers.next()}")
    return Answer([*(f"word {i} of {len(words) + 2} is {word}" for i, word in enumerate(words, 2)),
                   "argv ends with NULL, the stack is at the top, data is new, the FPU is new"])


def begins_missing(seed: int) -> Answer:
    """A program that is not there."""
    return Answer([f"exec of nothing is -16, and it still has {seed}"])


def begins_full(seed: int) -> Answer:
    """No frame for a new program."""
    return Answer([f"exec failed before in a full memory, number {Numbers(seed).next()}"])


def begins_again(seed: int) -> Answer:
    """A chain of exec."""
    times = 3 + seed % 5
    return Answer([f"{left} more, number {seed + left}" for left in range(times, -1, -1)])


def turns_equal(seed: int) -> Answer:
    """Equal priorities."""
    return Answer([f"{2 + seed % 3} equal processes get the same, number {Numbers(seed).next()}"], prefix="turns=")


def turns_weights(seed: int) -> Answer:
    """Other priorities."""
    return Answer([f"priorities 1, {2 + seed % 3} and 6 get their shares, number {Numbers(seed).next()}"], prefix="turns=")


def turns_late(seed: int) -> Answer:
    """One that comes late."""
    return Answer([f"a late one and two early ones get the same, number {Numbers(seed).next()}"], prefix="turns=")


COLD_PAGES, HOT_PAGES, PASSING_PAGES, PASSED_BEFORE = 2600, 40, 6000, 2500  # of pressure
BLOCK_PAGES, MET_PAGES = 64, 2560


def cold_sum(seed: int, sixth: int | None = None, order: Sequence[int] = range(COLD_PAGES)) -> int:
    """The sum of the pages of pressure, which get their numbers in this order; the sixth with another value."""
    numbers, total = Numbers(seed), 0
    values = {page: numbers.next() for page in order}
    if sixth is not None:
        values[5] = sixth
    for page in range(len(order)):
        total = (total * 31 + values[page]) & WORD
    return total


def pressure_values(seed: int) -> Answer:
    """Pages that come back."""
    return Answer([f"sum {cold_sum(seed):08x}", f"again {cold_sum(seed):08x}"])


def pressure_forked(seed: int, order: Sequence[int] = range(COLD_PAGES)) -> Answer:
    """The same in a child."""
    child, parent = cold_sum(seed, 1, order), cold_sum(seed, None, order)
    return Answer([f"child has {child:08x}", f"the child's code is {child & 0xffffff:06x}", f"parent has {parent:08x}"],
                  [child & 0xffffff])


def pressure_met(seed: int) -> Answer:
    """The same, of blocks of pages that were accessed from the last to the first."""
    return pressure_forked(seed, [page for block in range(0, MET_PAGES, BLOCK_PAGES)
                                  for page in reversed(range(block, block + BLOCK_PAGES))])


def pressure_hot(seed: int) -> Answer:
    """Pages that are accessed all the time."""
    numbers = Numbers(seed)
    hot = [numbers.next() for _ in range(HOT_PAGES)]
    return Answer([f"the few come to {sum(hot[i % HOT_PAGES] for i in range(PASSED_BEFORE, PASSING_PAGES)) & WORD:08x}"])


ANSWERS: dict[tuple[str, str], Callable[[int], Answer]] = {
    ("forkmem", "read"): forkmem_read, ("forkmem", "write"): forkmem_write,
    ("forkmem", "generations"): forkmem_generations, ("forkmem", "siblings"): forkmem_siblings,
    ("forkmem", "kernel"): forkmem_kernel, ("forkmem", "alone"): forkmem_alone,
    ("forkmem", "big"): forkmem_big, ("forkmem", "shared"): forkmem_shared,
    ("calls", "enter"): calls_enter, ("calls", "results"): calls_results, ("calls", "unknown"): calls_unknown,
    ("calls", "parents"): calls_parents, ("linuxstart", "number"): linuxstart_number, ("begins", "words"): begins_words, ("begins", "data"): begins_data,
    ("begins", "args"): begins_args, ("begins", "missing"): begins_missing, ("begins", "again"): begins_again, ("begins", "full"): begins_full,
    ("turns", "equal"): turns_equal, ("turns", "weights"): turns_weights, ("turns", "late"): turns_late,
    ("pressure", "values"): pressure_values, ("pressure", "forked"): pressure_forked, ("pressure", "met"): pressure_met, ("pressure", "hot"): pressure_hot,
    ("lineage", "group"): lineage_group, ("lineage", "full"): lineage_full,
    ("lineage", "tables"): lineage_tables,
    ("lives", "codes"): lives_codes, ("lives", "any"): lives_any, ("lives", "strangers"): lives_strangers,
    ("lives", "cases"): lives_cases, ("lives", "orphans"): lives_orphans, ("lives", "dead"): lives_dead,
    ("lives", "spinning"): killed("one that computes"), ("lives", "sleeping"): killed("one that sleeps"),
    ("lives", "waiting"): lives_waiting, ("lives", "unkillable"): lives_unkillable,
}


def answer(program: str, mode: str, seed: int) -> Answer:
    """What `program mode seed` must show; its lines begin with the program's name."""
    made = ANSWERS[program, mode](seed)
    made.program = program
    made.prefix = made.prefix or f"{program}:"
    made.lines = [f"{made.prefix} {line}" for line in made.lines]
    return made
