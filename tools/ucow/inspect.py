# SPDX-License-Identifier: MIT
"""What the debugger's commands and tools/inspect say of a machine that has stopped, is left as a memory file, or runs.

Each function prints a question's answer as lines. What cannot be answered raises LabError with a sentence.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from . import LabError, stacks
from .memory import QmpMemory
from .naming import PAGE_BYTES, USERTOP, region_name
from .pages import MM, PRESENT, PROC, Guest, Process
from .stacks import LARGE, current
from .symbols import physical
from .trace import need_trace, read_trace

FLAGS = ((0x001, "present"), (0x002, "writable"), (0x004, "user"), (0x020, "accessed"), (0x040, "dirty"), (LARGE, "4 MiB"),
         (0x200, "cow"))
SYSCALL_TRAP = 0x80
RIGHTS = ((1, "r"), (2, "w"), (4, "x"), (8, "s"))
STATIC_MUTEX = re.compile(r"^static struct mutex (\w+) =", re.MULTILINE)
KERNEL_SOURCES = Path(__file__).resolve().parents[2] / "kernel"
EVENTS = 20


def number(text: str, what: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise LabError(f"{text!r} is no {what}: give a number, as in 0x800020 or 12") from None


def process_of(guest: Guest, pid: str) -> Process:
    """The process whose pid is the text; the current one if it is empty."""
    found = [process for process in guest.processes
             if (process.pid == number(pid, "pid") if pid else process.address == current(guest))]
    if not found:
        raise LabError(f"there is no process {pid or 'that runs'}: there are "
                       + " ".join(str(process.pid) for process in guest.processes))
    return found[0]


def with_memory(guest: Guest, pid: str) -> Process:
    process = process_of(guest, pid)
    if not process.mm:
        raise LabError(f"process {process.pid} has no user memory")
    return process


def flags(bits: int, letters: tuple[tuple[int, str], ...]) -> str:
    return "".join(letter if bits & bit else "-" for bit, letter in letters)


# ---- processes ----

def ps(guest: Guest) -> Iterator[str]:
    """Every process: pid, parent, state, name; * marks the one that runs."""
    yield "   PID PARENT STATE     NAME"
    for process in guest.processes:
        mark = "*" if process.address == current(guest) else " "
        yield f"{mark} {process.pid:4} {process.parent:6} {process.state:9} {process.name}"


def tree(guest: Guest) -> Iterator[str]:
    """The processes below their parents."""
    def below(parent: Process, indent: str) -> Iterator[str]:
        yield f"{indent}{parent.pid} {parent.name} {parent.state}"
        for child in guest.processes:
            if child.parent == parent.pid and child.pid != parent.pid:
                yield from below(child, indent + "  ")
    yield from below(guest.processes[0], "")


def bt(guest: Guest, pid: str = "") -> Iterator[str]:
    """[PID]: the kernel and user frames of a process; of the one that runs, tools/inspect needs qmp:SOCKET for them."""
    yield from stacks.backtrace(guest, process_of(guest, pid))


def frame(guest: Guest, pid: str = "") -> Iterator[str]:
    """[PID]: the registers that a process had when it entered the kernel, and where its program was."""
    process = process_of(guest, pid)
    registers = stacks.trapframe(guest, process)
    for name, value in registers.items():
        yield f"  {name:<7}{value:#010x}"
    before = 1 if registers["trapno"] == SYSCALL_TRAP else 0  # the instruction behind `int` may be another function's
    yield f"  at     {stacks.located(guest.symbols.path, process.name, [registers['eip'] - before])[0]}"


# ---- memory ----

def vmas(guest: Guest, pid: str = "") -> Iterator[str]:
    """[PID]: the regions of a process's memory."""
    for region in guest.regions(with_memory(guest, pid).mm):
        yield (f"  {region.start:08x}-{region.end:08x} {flags(region.flags, RIGHTS)} "
               f"{'file' if region.object else 'zeros'}")


def pages(guest: Guest, pid: str = "") -> Iterator[str]:
    """[PID]: the pages of a process's memory; neighbours of a kind are one line."""
    process = with_memory(guest, pid)
    yield "  from     to        pages kind    may   with"
    for run in guest.runs(process.mm):
        table = " (page table shared)" if run.by_table else ""
        slot = f" (slot {run.slot})" if run.slot else ""
        yield (f"  {run.start:08x} {run.end:08x} {run.pages:6} {run.kind:<7} {run.rights:<5} "
               f"{' '.join(map(str, run.pids)) or '-'}{table}{slot}{what(guest, process.mm, run.start)}")


def what(guest: Guest, mm: int, va: int) -> str:
    """What the region of an address is, as naming.py has it."""
    region = next((region for region in guest.regions(mm) if region.start <= va < region.end), None)
    return f": {region_name(va, region.flags, region.object)}" if region else ""


def described_entry(entry: int) -> str:
    names = " ".join(name for bit, name in FLAGS if entry & bit)
    return f"{entry:#010x} ({names or ('on the disk' if entry else 'empty')})"


def pte(guest: Guest, address: str, pid: str = "") -> Iterator[str]:
    """ADDRESS [PID]: the entries of an address, its frame, the frame's count, and who shares it."""
    va = number(address, "address")
    if not 0 <= va < 1 << 32:
        raise LabError(f"{va:#x} is no address of 32 bits")
    if va >= USERTOP and not pid:
        yield from kernel_pte(guest, va)
        return
    process = with_memory(guest, pid)
    directory = physical(guest.member(process.mm, MM, "mm", "pgdir"))
    pde, entry = stacks.entries_of(guest, directory, va)
    yield f"  process     {process.pid} {process.name}, page {va & -PAGE_BYTES:#010x}"
    yield f"  directory   {described_entry(pde)}"
    if not pde & PRESENT or pde & LARGE:
        return
    if va >= USERTOP:
        yield from kernel_page(guest, pde, entry)
        return
    number_of_table = pde // PAGE_BYTES
    others = [other for mm in guest.spaces if mm != process.mm for other in guest.spaces[mm]
              if number_of_table in guest.directories[mm].values()]
    yield (f"  page table  frame {number_of_table:#x}, count {guest.frames[number_of_table].count}, "
           + (f"shared with {' '.join(map(str, others))}" if others else "not shared"))
    yield f"  entry       {described_entry(entry)}"
    if entry & PRESENT:
        found, page = guest.frames[entry // PAGE_BYTES], guest.tables[process.mm].get(va & -PAGE_BYTES, entry)
        yield f"  frame       {entry // PAGE_BYTES:#x}, count {found.count}, {found.owner}"
        pids = [process.pid, *(pid for pid in guest.spaces[process.mm] if pid != process.pid), *guest.describe(process.mm, page).pids]
        yield f"  mapped by   {' '.join(map(str, pids))}"
    elif entry:
        yield f"  slot        {entry // PAGE_BYTES}"


def kernel_pte(guest: Guest, va: int) -> Iterator[str]:
    """The entries of an address of the kernel, as its own page directory has them."""
    pde, entry = stacks.entries_of(guest, physical(guest.symbols.address("kernel_pgdir")), va)
    yield f"  directory   {described_entry(pde)}"
    if pde & PRESENT and not pde & LARGE:
        yield from kernel_page(guest, pde, entry)


def kernel_page(guest: Guest, pde: int, entry: int) -> Iterator[str]:
    """The rest of it, if there is a page table."""
    yield f"  page table  {described_frame(guest, pde)}"
    yield f"  entry       {described_entry(entry)}"
    if entry & PRESENT:
        yield f"  frame       {described_frame(guest, entry)}"


def described_frame(guest: Guest, entry: int) -> str:
    at = entry // PAGE_BYTES
    if at >= len(guest.frames):
        return f"{at:#x}, which is no memory of the kernel's"
    return f"{at:#x}, count {guest.frames[at].count}, {guest.frames[at].owner}"


# ---- waiting ----

def mutexes(guest: Guest) -> Iterator[tuple[int, str]]:
    """Address and name of each mutex: of the address spaces, and the static ones of the sources."""
    lock = guest.layout.members(MM, "mm")["lock"].offset
    for mm, pids in guest.spaces.items():
        yield mm + lock, f"memory of {' '.join(map(str, pids))}"
    for path in sorted(KERNEL_SOURCES.rglob("*.c")):
        source = str(path.relative_to(KERNEL_SOURCES))
        names = STATIC_MUTEX.findall(path.read_text(encoding="utf-8"))
        if names and "planted" not in source and guest.layout.has(source):
            for name in names:
                yield guest.layout.variable(source, name), name


def queues(guest: Guest) -> dict[int, str]:
    """What a process waits for in each known queue, by the address of its list."""
    proc = guest.layout.members(PROC, "proc")
    waiters = guest.layout.members("proc/mutex.c", "mutex")["waiters"].offset
    by_address = {process.address: process for process in guest.processes}
    known = {process.address + proc["child_exited"].offset: "a child to end" for process in guest.processes}
    for mutex, name in mutexes(guest):
        owner = by_address.get(guest.member(mutex, "proc/mutex.c", "mutex", "owner"))
        known[mutex + waiters] = f"the mutex {name}" + (f", which {owner.pid} {owner.name} holds" if owner else "")
    return known


def waits(guest: Guest) -> Iterator[str]:
    """What each sleeping process waits for, and who holds it."""
    link = guest.layout.members(PROC, "proc")["wait_link"].offset
    links = {process.address + link for process in guest.processes}
    known, asleep = queues(guest), [process for process in guest.processes if process.state == "SLEEPING"]
    for process in asleep:
        node = next((node for node in guest.nodes(process.address + link) if node not in links), 0)
        what = known.get(node, guest.symbols.name(node))
        if guest.member(process.address, PROC, "proc", "timer_armed"):
            what = f"tick {guest.member(process.address, PROC, 'proc', 'wake_tick')}"
        children = [other.pid for other in guest.processes if other.parent == process.pid]
        if what == "a child to end":
            what += f": {' '.join(map(str, children))}"
        yield f"  {process.pid} {process.name} waits for {what}"
    if not asleep:
        yield "  no process sleeps"


def locks(guest: Guest) -> Iterator[str]:
    """The mutexes that are held, by which process, and who waits."""
    by_address = {process.address: process for process in guest.processes}
    waiters = guest.layout.members("proc/mutex.c", "mutex")["waiters"].offset
    link = guest.layout.members(PROC, "proc")["wait_link"].offset
    held = 0
    for mutex, name in mutexes(guest):
        owner = by_address.get(guest.member(mutex, "proc/mutex.c", "mutex", "owner"))
        if owner:
            waiting = [by_address[node - link].pid for node in guest.nodes(mutex + waiters) if node - link in by_address]
            held += 1
            yield (f"  {name}: held by {owner.pid} {owner.name}"
                   + (f"; {' '.join(map(str, waiting))} wait" if waiting else ""))
    if not held:
        yield "  no mutex is held"


def runq(guest: Guest) -> Iterator[str]:
    """The process that runs and those that are runnable, with what the policy knows of each."""
    for process in guest.processes:
        if process.state in ("RUNNING", "RUNNABLE"):
            ticks, priority, runs = (guest.member(process.address, PROC, "proc", name)
                                     for name in ("slice_ticks", "priority", "runs"))
            yield (f"{'*' if process.address == current(guest) else ' '} {process.pid} {process.name}: {ticks} ticks of its "
                   f"turn left, priority {priority}, ran {runs} times")


# ---- events ----

def events(guest: Guest, count: str = str(EVENTS)) -> Iterator[str]:
    """[N]: the last N events of the trace, 20 without N."""
    need_trace(guest.symbols)
    most = number(count, "count")
    if most < 1:
        raise LabError(f"{count!r} is no count: give a number above 0")
    yield from map(str, read_trace(guest.memory, guest.symbols).last(most))


def overview(guest: Guest) -> Iterator[str]:
    """Every process, what it waits for, and the frames of the one that runs if its registers can be asked for."""
    yield from ps(guest)
    yield from waits(guest)
    running = next(process for process in guest.processes if process.address == current(guest))
    if running.pid != 0 and isinstance(guest.memory, QmpMemory):
        yield f"  {running.pid} {running.name} runs:"
        yield from stacks.backtrace(guest, running)


class Word(NamedTuple):
    """A question: its function, and how many arguments it takes."""
    answer: Callable[..., Iterator[str]]
    least: int
    most: int

    def usage(self, name: str) -> str:
        text = (self.answer.__doc__ or "").strip()
        takes = text.split(":")[0] if self.most else ""
        return f"{name} {takes}".strip()


WORDS = {"ps": Word(ps, 0, 0), "tree": Word(tree, 0, 0), "bt": Word(bt, 0, 1), "vmas": Word(vmas, 0, 1),
         "pages": Word(pages, 0, 1), "pte": Word(pte, 1, 2), "frame": Word(frame, 0, 1), "runq": Word(runq, 0, 0),
         "waits": Word(waits, 0, 0), "events": Word(events, 0, 1), "locks": Word(locks, 0, 0)}


def answer(guest: Guest, name: str, arguments: list[str]) -> Iterator[str]:
    """The lines that answer a question, with its arguments as text."""
    if name not in WORDS:
        raise LabError(f"there is no question {name}: there are {' '.join(WORDS)}")
    word = WORDS[name]
    if not word.least <= len(arguments) <= word.most:
        raise LabError(f"it is used as: {word.usage(name)}")
    return word.answer(guest, *arguments)


