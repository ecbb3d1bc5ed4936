# SPDX-License-Identifier: MIT
"""What the processes of a plang program must report: the program on ideal processes.

`translate` walks a program once, depth first: every child to its end where it is forked. The result has
the instructions for user/fuzz/plang.c and what each process must report, which is the same in whatever
order a kernel runs them. What would depend on the order is refused, or left out of the program if so
wished: a use of shared memory that fork and wait do not order against another's write to it, and
everything that would show how far a process got before it was killed.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Any, NamedTuple

from .language import (BLOCKS, CELLS, CHILDREN, CONSTANT, HEAP, HEAP_PAGES, MAPPINGS, NOWHERE, OPCODES, PAGE_NAMES,
                       PAGES, THREADS, WORD, Op, PlangError, text)

MAX_PROCESSES = 16
KILLED, BAD_PROC, INVALID, NO_ENTRY = -9, -2, -3, -16
INSTRUCTION = struct.Struct("<BBHI")

# A program that is being made may say these: of a page that allows it, or of one that does not; of which is
# chosen among all such pages, those that the program mapped three times as likely.
TRY = {"trywrite", "tryread"}
BAD = {"badwrite", "badread"}
CHOICE = [page for page, name in enumerate(PAGE_NAMES) for _ in range(3 if name[0] in "hm" else 1)]


@dataclass(slots=True)
class Page:
    """A mapped page. Of a shared one it is known who wrote and read it, and at which time of theirs."""
    kind: str
    cells: list[int]
    writes: dict[int, int] = field(default_factory=dict)
    reads: dict[int, int] = field(default_factory=dict)

    def inherited(self) -> "Page":
        return Page(self.kind, self.cells[:]) if self.kind == "private" else self

    def allows(self, write: bool) -> bool:
        return self.kind in ("private", "shared") or (self.kind == "readonly" and not write)


def fresh(kind: str) -> Page:
    return Page(kind, [0] * CELLS)


# How a sum goes on over a page: by so many words, of which only the cells are not 0.
SUM_WORDS = CONSTANT["CELL_STEP"] // CONSTANT["SUM_STEP"] * (CELLS - 1) + 1
FACTOR = [pow(CONSTANT["SUM_FACTOR"], n, WORD + 1) for n in range(SUM_WORDS + 1)]
CELL_FACTOR = [FACTOR[SUM_WORDS - 1 - i * (SUM_WORDS - 1) // (CELLS - 1)] for i in range(CELLS)]


class Memory:
    """An address space: its pages by number, and the heap's size."""

    def __init__(self, pages: list[Page | None] | None = None, heap: int = 0) -> None:
        self.pages, self.heap = pages or [self._at_start(name) for name in PAGE_NAMES], heap

    @staticmethod
    def _at_start(name: str) -> Page | None:
        if name[0] in "hm":
            return None
        page = fresh("private")
        if name[0] == "d":
            page.cells = [CONSTANT["DATA_WORD"] + CELLS * int(name[1:]) + i for i in range(CELLS)]
        return page

    def page(self, number: int) -> Page:
        """The page with this number, which is mapped."""
        page = self.pages[number]
        assert page is not None
        return page

    def forked(self) -> "Memory":
        return Memory([page and page.inherited() for page in self.pages], self.heap)

    def remap(self, first: int, count: int, kind: str | None) -> None:
        for page in range(first, first + count):
            self.pages[page] = fresh(kind) if kind else None

    def brk(self, size: int) -> int:
        """Move the break: up if nothing is in the way, nor in the page after it; down if there is something to unmap.
        Returns where it is then."""
        if size < self.heap:
            if not any(self.pages[HEAP + size:HEAP + self.heap]):
                return self.heap
            self.remap(HEAP + size, self.heap - size, None)
        elif size > self.heap and any(self.pages[HEAP + self.heap:HEAP + min(size + 1, HEAP_PAGES)]):
            return self.heap
        else:
            self.remap(HEAP + self.heap, size - self.heap, "private")
        self.heap = size
        return size

    def checksum(self, mask: int) -> int:
        total = 0
        for number, page in enumerate(self.pages):
            if page is not None and mask >> number & 1:
                total = total * FACTOR[SUM_WORDS] + sum(map(mul, page.cells, CELL_FACTOR))
        return total & WORD


# ---- ideal processes ----

class Report(NamedTuple):
    """A value that a process must report, and by which statement."""
    value: int
    statement: str


@dataclass(eq=False)
class Process:
    """`clock` has, for each process, up to which time of it everything happened before now."""
    name: str
    node: int
    memory: Memory
    clock: dict[int, int]
    mute: bool = False
    depth: int = 0
    children: dict[int, "Process"] = field(default_factory=dict)  # by number; stays when waited for
    unreaped: set[int] = field(default_factory=set)
    doomed: set[int] = field(default_factory=set)
    code: int | None = None  # once it has ended
    reports: list[Report] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The code of a process that has ended."""
        assert self.code is not None
        return self.code

    def report(self, value: int, op: Op | str) -> None:
        if not self.mute:
            self.reports.append(Report(value & WORD, str(op)))

    def after(self, accesses: dict[int, int]) -> bool:
        """Whether all these accesses have happened before now in every order."""
        return all(self.clock.get(node, 0) >= time for node, time in accesses.items())

    def tick(self) -> None:
        self.clock[self.node] += 1

    def join(self, child: "Process") -> None:
        for node, time in child.clock.items():
            self.clock[node] = max(self.clock.get(node, 0), time)


@dataclass
class Translation:
    """A program: its statements, its instructions (a c that is a place is relative), and its processes."""
    ops: list[Op]
    code: list[Op]
    processes: list[Process]

    def text(self) -> str:
        return text(self.ops)


JUMPS = {"fork", "doomed", "thread"}


class _Refused(Exception):
    """The statement has no determinate result; why."""


class _Ended(Exception):
    """The process has ended, or has become another by exec."""


class Translator:
    """Walks a program once; `leave_out` instead of refusing what is not determinate."""

    def __init__(self, ops: Sequence[Op], leave_out: bool) -> None:
        self.source, self.at, self.leave_out = ops, 0, leave_out
        self.result = Translation([], [], [])

    def translate(self) -> Translation:
        self.block(self.new_process("0", Memory(), {}))
        return self.result

    def new_process(self, name: str, memory: Memory, clock: dict[int, int]) -> Process:
        node = len(self.result.processes)
        process = Process(name, node, memory, {**clock, node: 1})
        self.result.processes.append(process)
        return process

    # -- statements in order --

    def block(self, process: Process) -> None:
        """Run a process from here to the end of the block."""
        try:
            while (op := self.next_op()) is not None:
                self.step(process, op)
            self.leave(process, 0)
        except _Ended:
            self.skip()

    def next_op(self) -> Op | None:
        """The next statement of this block; None after the last."""
        self.at += 1
        op = self.source[self.at - 1] if self.at <= len(self.source) else None
        return None if op is None or op.name == "end" else op

    def skip(self) -> None:
        """Skip to the end of this block: nothing more of it is executed."""
        while (op := self.next_op()) is not None:
            if op.name in BLOCKS:
                self.skip()

    def step(self, process: Process, op: Op) -> None:
        try:
            getattr(self, f"do_{op.name}")(process, op)
        except _Refused as reason:
            if not self.leave_out:
                raise PlangError(f"process {process.name}: `{str(op).rstrip(' {')}`: {reason}") from None
            if op.name in BLOCKS:
                self.skip()

    def keep(self, op: Op, **instruction: Any) -> None:
        """The statement is part of the program; its instruction differs from it in these fields."""
        self.result.ops.append(op)
        self.emit(op._replace(**instruction))

    def emit(self, instruction: Op) -> None:
        self.result.code.append(instruction)

    # -- the ends of processes --

    def leave(self, process: Process, code: int) -> None:
        """A process that ends by itself reports the sum of its memory."""
        self.do_sum(process, Op("sum"), implicit=True)
        self.emit(Op("exit", c=code & WORD))
        process.code = KILLED if process.mute else code

    def die(self, process: Process) -> None:
        """The kernel kills it here. The code after it is what a process that survives would report."""
        self.emit(Op("sum"))
        self.emit(Op("exit"))
        process.code = KILLED
        raise _Ended

    def do_exit(self, process: Process, op: Op) -> None:
        self.result.ops.append(op)
        self.leave(process, op.c)
        raise _Ended

    # -- children --

    def label(self, wanted: int, known: Iterable[int]) -> int:
        """The number of a child that was started."""
        labels = sorted(known)
        if wanted in labels:
            return wanted
        if not labels or not self.leave_out:
            raise _Refused("there is no such child")
        return labels[wanted % len(labels)]

    def child(self, process: Process, op: Op, memory: Memory) -> Process:
        """Translate the block of a child, which begins here."""
        label = op.a
        if label in process.children or label == 0:
            if not self.leave_out:
                raise _Refused(f"there was a child {label}; give this one another number")
            label = max(process.children, default=0) + 1
        if label > CHILDREN or len(self.result.processes) == MAX_PROCESSES:
            raise _Refused(f"a process starts at most {CHILDREN}, a program has at most {MAX_PROCESSES}")
        child = self.new_process(f"{process.name}.{label}", memory, process.clock)
        child.mute = process.mute or op.name == "doomed"
        child.depth = process.depth + (op.name == "thread")
        process.children[label] = child
        process.tick()
        self.keep(op._replace(a=label), a=label - 1, b=child.node)
        jump = len(self.result.code) - 1
        self.block(child)
        self.result.ops.append(Op("end"))
        self.result.code[jump] = self.result.code[jump]._replace(c=len(self.result.code))
        return child

    def do_fork(self, process: Process, op: Op) -> None:
        child = self.child(process, op, process.memory.forked())
        label = next(label for label, other in process.children.items() if other is child)
        process.unreaped.add(label)
        if op.name == "doomed":
            process.doomed.add(label)

    do_doomed = do_fork

    def do_thread(self, process: Process, op: Op) -> None:
        if process.depth == THREADS:
            raise _Refused(f"at most {THREADS} threads in threads")
        child = self.child(process, op, process.memory)
        process.join(child)
        process.report(child.exit_code, f"thread {child.name.rpartition('.')[2]}")

    def do_wait(self, process: Process, op: Op) -> None:
        label = self.label(op.a, process.children)
        child, into = process.children[label], op.b
        good = label in process.unreaped
        result = 0 if label in process.unreaped else BAD_PROC
        if result == 0 and into != NOWHERE and not self.store_code(process, child, into):
            result = INVALID  # and the child can be waited for again
        op = op._replace(a=label)
        self.keep(op, a=label - 1)
        process.report(result, op)
        if result != BAD_PROC:
            process.join(child)
        if result == 0:
            process.unreaped.remove(label)
            if into == NOWHERE:
                process.report(child.exit_code, f"{op} (the code)")

    def store_code(self, process: Process, child: Process, cell: int) -> bool:
        """The kernel stores a child's code, after the child's end; False if it may not."""
        before = process.clock.copy()
        process.join(child)
        try:
            works = self.access(process, cell // CELLS, True)
        except _Refused:
            process.clock = before
            raise
        if works:
            process.memory.page(cell // CELLS).cells[cell % CELLS] = child.exit_code & WORD
        return works

    def do_waitall(self, process: Process, op: Op) -> None:
        self.keep(op)
        children = [process.children[label] for label in process.unreaped]
        for child in children:
            process.join(child)
        process.unreaped.clear()
        process.report(len(children), f"{op} (the number)")
        process.report(sum(child.exit_code for child in children), f"{op} (the codes)")

    def do_kill(self, process: Process, op: Op) -> None:
        if not self.leave_out and op.a in process.children and op.a not in process.doomed:
            raise _Refused("this child is not doomed: how far it gets would depend on the order")
        op = op._replace(a=self.label(op.a, process.doomed))
        self.keep(op, a=op.a - 1)

    def do_yield(self, process: Process, op: Op) -> None:
        self.keep(op)

    def do_exec(self, process: Process, op: Op) -> None:
        self.keep(op)
        process.memory, process.depth = Memory(), 0
        self.block(process)
        self.result.ops.append(Op("end"))
        raise _Ended

    def do_noexec(self, process: Process, op: Op) -> None:
        self.keep(op)
        process.report(NO_ENTRY, op)

    # -- memory --

    def allowed(self, process: Process, number: int, write: bool) -> bool:
        """Whether the page allows it. Refused if another process may touch the page at the same time."""
        page = process.memory.pages[number]
        if page is None or not page.allows(write):
            return False
        if page.kind == "shared" and process.mute and write:
            raise _Refused("a doomed process may be killed before or after it: it cannot write to shared memory")
        if page.kind == "shared" and not process.mute:
            if not process.after(page.writes) or (write and not process.after(page.reads)):
                raise _Refused(f"another process may use the shared page {PAGE_NAMES[number]} at the same time")
        return True

    def access(self, process: Process, number: int, write: bool) -> bool:
        """The same for a process that does it."""
        works = self.allowed(process, number, write)
        if works and process.memory.page(number).kind == "shared" and not process.mute:
            page = process.memory.page(number)
            (page.writes if write else page.reads)[process.node] = process.clock[process.node]
        return works

    def chosen(self, process: Process, op: Op, write: bool) -> Op:
        """The statement for a page that is as wished."""
        good = []
        for number in CHOICE:
            try:
                if self.allowed(process, number, write) == (op.name in TRY):
                    good.append(number)
            except _Refused:
                pass
        if not good:
            raise _Refused("there is no such page")
        return op._replace(b=good[op.b // CELLS % len(good)] * CELLS + op.b % CELLS)

    def touch(self, process: Process, op: Op, write: bool) -> tuple[Op, bool]:
        """Keep a read or write; whether it works."""
        if op.name in TRY | BAD:
            op = self.chosen(process, op, write)._replace(name="write" if write else "read")
        works = self.access(process, op.b // CELLS, write)
        self.keep(op)
        return op, works

    def do_write(self, process: Process, op: Op) -> None:
        op, works = self.touch(process, op, True)
        if not works:
            self.die(process)
        process.memory.page(op.b // CELLS).cells[op.b % CELLS] = op.c

    def do_read(self, process: Process, op: Op) -> None:
        op, works = self.touch(process, op, False)
        if not works:
            self.die(process)
        process.report(process.memory.page(op.b // CELLS).cells[op.b % CELLS], op)

    do_trywrite = do_badwrite = do_write
    do_tryread = do_badread = do_read

    def do_sum(self, process: Process, op: Op, implicit: bool = False) -> None:
        """Over every page that can be read and that no other process may be writing to."""
        mask = 0
        for number in range(PAGES):
            try:
                mask |= self.access(process, number, False) << number
            except _Refused:
                pass
        if not implicit:
            self.result.ops.append(op)
        self.emit(op._replace(c=mask))
        process.report(process.memory.checksum(mask), "the sum at the end" if implicit else op)

    def do_brk(self, process: Process, op: Op) -> None:
        self.keep(op)
        process.report(process.memory.brk(op.a), op)

    def do_mmap(self, process: Process, op: Op) -> None:
        kind = list(MAPPINGS)[op.c]
        self.keep(op, c=MAPPINGS[kind])
        process.memory.remap(op.a, op.b, kind)
        process.report(0, op)

    def do_munmap(self, process: Process, op: Op) -> None:
        self.keep(op)
        process.memory.remap(op.a, op.b, None)
        process.report(0, op)

    def do_pageout(self, process: Process, op: Op) -> None:
        self.keep(op)


def translate(ops: Sequence[Op], leave_out: bool = False) -> Translation:
    """Run a program on ideal processes. PlangError: its result would not be determinate; with
    `leave_out` such statements are left out instead, which makes a program of any statements."""
    return Translator(ops, leave_out).translate()


def encode(programs: Sequence[Translation], jobs: int) -> bytes:
    """The batch of instructions for user/fuzz/plang.c: `jobs` of the programs run at a time."""
    words, start = [INSTRUCTION.pack(0, jobs, 0, len(programs))], 1 + len(programs)
    for program in programs:
        words.append(INSTRUCTION.pack(0, 0, 0, start))
        start += len(program.code)
    start = 1 + len(programs)
    for program in programs:
        words += [INSTRUCTION.pack(OPCODES[name], a, b, c + start if name in JUMPS else c & WORD)
                  for name, a, b, c in program.code]
        start += len(program.code)
    return b"".join(words)
