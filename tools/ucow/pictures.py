# SPDX-License-Identifier: MIT
"""The pictures in the documents, each drawn from runs: docs/pictures.

A picture has parts, and a part is drawn from one kernel: the default one, or one with other options. `tools/site --renew` draws
all; the test `sessions` draws the parts of the kernel under test again and compares.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import LabError
from .build import ROOT, built
from .drawing import Cell, Drawing, Moment, Span, memory_map, pages_over_time, picture
from .lifelines import lifelines
from .machine import Live, Machine
from .memory import FileMemory
from .moment import MEASURED, Ring, stopped, until_called
from .naming import EXECUTE, PAGE_BYTES, STACK_BASE, WRITE
from .pages import ENTRIES, PRESENT, TABLE_BYTES, WRITABLE, Guest, Page, Region
from .symbols import KERNBASE, physical
from .trace import Record, Trace

FOLDER = ROOT / "docs/pictures"
SECONDS = 60
RETURN = "trap_return"  # after each system call and each page fault
PROGRAM, PARENT, CHILD = 2, 2, 3  # pids


@dataclass(frozen=True)
class Part:
    """A drawing from a run of a kernel, whose options differ from the defaults as `options` say."""
    title: str
    draw: Callable[[Path], Drawing]
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A file in docs/pictures, and what it shows."""
    name: str
    words: str
    parts: Sequence[Part]


# ---- moments of a run ----

def _trace(machine: Machine) -> Trace:
    run = machine.run()
    try:
        return run.trace
    finally:
        run.close()


def _guests(machine: Machine, trace: Trace, moments: Sequence[Record], take: Callable[[Guest, int], None]) -> None:
    """Boot the machine again, and call take(guest, n) when it returns from the kernel after the n-th of these events."""
    counts = [sum(record.seq <= moment.seq and record.name != MEASURED for record in trace) for moment in moments]
    taken = 0

    def reached(live: Live, ring: Ring) -> bool:
        nonlocal taken
        while taken < len(counts) and ring.events() >= counts[taken]:
            memory = FileMemory(live.memory_file)
            take(Guest.of(memory, machine.elf), taken)
            memory.close()
            taken += 1
        return taken == len(counts)

    with stopped(machine, until_called(RETURN, reached), SECONDS):
        pass


def _last_before(trace: Trace, wanted: Record) -> Record:
    """The event before one, after which the process returned to its program."""
    return [record for record in trace if record.seq < wanted.seq and record.name in ("fault", "syscall_leave")][-1]


def _kind(page: Page, region: Region) -> str:
    if page.kind == "cache" or page.kind == "shared" and page.rights == "r" and not region.flags & WRITE:
        return "program"
    if page.kind == "swapped":
        return "on disk"
    return "until written" if page.rights == "c" and page.kind == "shared" else "private"


def _cell(guest: Guest, mm: int, va: int) -> Cell | None:
    """What a page is to an address space; None: it is in no region."""
    region = next((region for region in guest.regions(mm) if region.start <= va < region.end), None)
    table = guest.directories[mm].get(va // TABLE_BYTES)
    if region is None:
        return None
    shared = {"table": str(table), "directories": guest.sharers[table]} if table is not None else {}
    entry = guest.tables[mm].get(va)
    if entry is None:
        return Cell(**shared)  # type: ignore[arg-type]
    page, present = guest.describe(mm, entry), bool(entry & PRESENT)
    number = entry // PAGE_BYTES
    count = guest.references[number * PAGE_BYTES | present]
    return Cell(_kind(page, region), f"{'frame' if present else 'slot'} {number}", count, **shared)  # type: ignore[arg-type]


def _region_name(region: Region | None) -> str:
    if region is None:
        return ""
    if region.object:
        return "code" if region.flags & EXECUTE else "data" if region.flags & WRITE else "constants"
    return "stack" if region.start >= STACK_BASE else "mapping"


def pages_of(elf: Path, program: str, titles: Sequence[tuple[str, Callable[[Trace], Record]]], only: Callable[[Trace], int] | None = None,
             swap: str | None = None) -> Drawing:
    """The pages of parent and child at some moments: all that have an entry at one of them, or the one at `only`."""
    machine = Machine(elf, (program,), ("trace_kib=2048",), swap=swap)
    trace = _trace(machine)
    moments = [find(trace) for _, find in titles]
    chosen = {only(trace)} if only else set[int]()
    seen: list[list[tuple[str, dict[int, Cell | None]]]] = []
    names: dict[int, str] = {}

    def take(guest: Guest, n: int) -> None:
        del n
        pids = {process.pid: process for process in guest.processes if process.pid in (PARENT, CHILD) and process.mm}
        wanted = chosen or {va for process in pids.values() for va in guest.tables[process.mm]} | set(names)
        for va in wanted:
            regions = [region for process in pids.values() for region in guest.regions(process.mm) if region.start <= va < region.end]
            names[va] = _region_name(regions[0] if regions else None)
        seen.append([(f"{pid} {process.name}", {va: _cell(guest, process.mm, va) for va in wanted}) for pid, process in sorted(pids.items())])

    _guests(machine, trace, moments, take)
    rows = sorted(names)
    drawn = [Moment(title, [name for name, _ in processes], [[cells.get(va, Cell()) for va in rows] for _, cells in processes])
             for (title, _), processes in zip(titles, seen)]
    return pages_over_time([(f"{va:#x}", names[va]) for va in rows], [va // TABLE_BYTES for va in rows], drawn)


def _before_fork(trace: Trace) -> Record:
    return _last_before(trace, trace.all("syscall_enter nr=fork")[0])


def _after_fork(trace: Trace) -> Record:
    return trace.all("syscall_leave nr=fork")[0]


def _first_write(trace: Trace) -> Record:
    return next(record for record in trace.all("fault outcome=copy") if record.seq > _after_fork(trace).seq)


def fork_eager(elf: Path) -> Drawing:
    """The memory of a program before and after a fork that copies it."""
    return pages_of(elf, "exit", [("before fork", _before_fork), ("after fork", _after_fork)])


def fork_cow(elf: Path) -> Drawing:
    """The same where fork shares, and after the first write."""
    return pages_of(elf, "exit", [("before fork", _before_fork), ("after fork", _after_fork), ("after the parent's first write", _first_write)])


def swap(elf: Path) -> Drawing:
    """A page that goes to the disk, through a fork, and back."""
    def evicted(trace: Trace) -> Record:
        return trace.of("evict")[0]

    def child(outcome: str) -> Callable[[Trace], Record]:
        return lambda trace: trace.all(f"fault pid={CHILD} va={evicted(trace)['va']:#x} outcome={outcome}")[0]

    return pages_of(elf, "swaporder", [
        ("written", lambda trace: _last_before(trace, evicted(trace))), ("evicted", lambda trace: trace.all("syscall_leave nr=pageout")[0]),
        ("after fork", _after_fork), ("the child has read it", child("swap_in")), ("and written to it", child("copy"))],
        lambda trace: evicted(trace)["va"] & -PAGE_BYTES, "64M")


# ---- lives ----

def waitkill(elf: Path) -> Drawing:
    """The states of the processes of waitkill. A turn of a process is as wide as any other."""
    trace = _trace(Machine(elf, ("waitkill",)))
    return lifelines(trace, trace.all("fork parent=1")[0])


# ---- maps of memory ----

def _moment_of_map(elf: Path, take: Callable[[Guest], None]) -> None:
    machine = Machine(elf, ("exit",))
    trace = _trace(machine)
    _guests(machine, trace, [_before_fork(trace)], lambda guest, n: take(guest))


def user_map(elf: Path) -> Drawing:
    """The regions of a program that runs, and what is between them."""
    spans: list[Span] = []

    def take(guest: Guest) -> None:
        process = next(process for process in guest.processes if process.pid == PROGRAM)
        end = None
        for region in guest.regions(process.mm):
            if end != region.start:
                spans.append(Span(f"{end or 0:#010x}", "nothing: an access is a fault" if end is None else "nothing yet: brk grows up from below, mmap down from above", "", 44, False))
            name, pages = _region_name(region), (region.end - region.start) // PAGE_BYTES
            here = sum(region.start <= va < region.end for va in guest.tables[process.mm])
            rights = ", ".join(["read", *(["write"] if region.flags & WRITE else []), *(["execute"] if region.flags & EXECUTE else [])])
            spans.append(Span(f"{region.start:#010x}", f"{name}: {pages} page{'s' * (pages != 1)}, {here} in memory", rights))
            end = region.end
        spans.append(Span(f"{end or 0:#010x}", "nothing", "", 26, False))

    _moment_of_map(elf, take)
    return memory_map(list(reversed(spans)), f"{KERNBASE:#010x}")


def kernel_map(elf: Path) -> Drawing:
    """What the upper half of every page directory maps, by the page tables."""
    spans: list[Span] = []

    def take(guest: Guest) -> None:
        process = next(process for process in guest.processes if process.pid == PROGRAM)
        pgdir = guest.member(process.mm, "mm/mm.c", "mm", "pgdir")
        entries = _kernel_entries(guest, physical(pgdir))
        address = guest.symbols.address
        text, rodata, data = address("kernel_start"), address("kernel_text_end"), address("kernel_rodata_end")

        def rights(start: int, end: int) -> str:
            found = {bool(entry & WRITABLE) for va, entry in entries.items() if start <= va < end}
            return "read, write" if found == {True} else "read" if found == {False} else "read; in part write" if found else ""

        high = min((va for va in entries if va >= KERNBASE + (guest.word(address("page_frames")) * PAGE_BYTES)), default=0)
        linear = max(va for va in entries if va < high) + PAGE_BYTES
        rodata = (rodata + PAGE_BYTES - 1) & -PAGE_BYTES
        stacks = sum(va >= high for va in entries)
        spans.extend([
            Span(f"{KERNBASE:#010x}", "the first MiB, where the PC has its own things", rights(KERNBASE, text - PAGE_BYTES)),
            Span(f"{text:#010x}", "the kernel: code", rights(text, rodata)),
            Span("", "the kernel: constants, the boot archive, tables", rights(rodata, data)),
            Span("", "the kernel: data, the array of frames", rights(data, data + PAGE_BYTES)),
            Span("", "all other memory: what the frames hold", rights(linear - (16 << 20), linear), 44),
            Span(f"{linear:#010x}", "nothing", "", 26, False),
            Span(f"{high & -TABLE_BYTES:#010x}", f"kernel stacks, each above a page that is not mapped: {stacks}", rights(high, 1 << 32))])

    _moment_of_map(elf, take)
    return memory_map(list(reversed(spans)), "0xffffffff")


def _kernel_entries(guest: Guest, pgdir: int) -> dict[int, int]:
    """The entries of all pages that are mapped at KERNBASE and above."""
    found: dict[int, int] = {}
    directory = memoryview(guest.memory.read(pgdir, PAGE_BYTES)).cast("I")
    for high in range(KERNBASE // TABLE_BYTES, ENTRIES):
        if not directory[high] & PRESENT:
            continue
        if directory[high] & 0x80:  # PTE_PS, Intel SDM 3A 4.3: 4 MiB
            found |= {high * TABLE_BYTES + low * PAGE_BYTES: directory[high] for low in range(ENTRIES)}
            continue
        table = memoryview(guest.memory.read(directory[high] & -PAGE_BYTES, PAGE_BYTES)).cast("I")
        found |= {high * TABLE_BYTES + low * PAGE_BYTES: entry for low, entry in enumerate(table) if entry & PRESENT}
    return found


# ---- files ----

EAGER, COPIED = {"cow": "false"}, {"tables": "copied"}
PICTURES = (
    Picture("fork", "Memory of a process and its child around a fork. Eager: each page is copied. Copy-on-write: both have the same frames until "
            "the parent writes to its stack, and gets a copy of that one page.",
            (Part("cow=false: fork copies every page", fork_eager, EAGER),
             Part("cow=true: fork shares every page until one side writes to it", fork_cow, COPIED))),
    Picture("tables", "The same fork in the default kernel: parent and child share their page tables. The parent's first write splits the table of "
            "the stack, and then copies the page.", (Part("", fork_cow),)),
    Picture("swap", "A page goes to the disk, is shared by a fork there, is read back by the child for both, and copied when the child writes.", (Part("", swap),)),
    Picture("waitkill", "The states of four processes over time: 2 forks 3 and 4 and sleeps in wait; 4 kills 2, later 3, and exits; init reaps all.",
            (Part("", waitkill),)),
    Picture("memory", "A program's half of the address space, and the kernel's.", (Part("A program", user_map), Part("The kernel, the same for all", kernel_map))),
)


def file_of(one: Picture) -> Path:
    return FOLDER / f"{one.name}.svg"


def renew_pictures(build: Path) -> None:
    """Draw all pictures. Kernels with other options than `build` are built beside it."""
    def kernel(options: dict[str, str]) -> Path:
        if not options:
            return built(build, ())
        name = "-".join(["picture", *(f"{name}-{value}" for name, value in options.items())])
        return built(build.with_name(f"{build.name}-{name}"), [f"-D{name}={value}" for name, value in options.items()])

    FOLDER.mkdir(exist_ok=True)
    for one in PICTURES:
        drawn = [(part.title, part.draw(kernel(part.options))) for part in one.parts]
        file_of(one).write_text(picture(drawn, one.words), encoding="utf-8")


def stale(one: Picture, part: Part, elf: Path) -> str:
    """Why a part of a picture is not what this kernel does; "" if it is."""
    if not file_of(one).is_file():
        raise LabError(f"{file_of(one)} does not exist: tools/site --renew BUILD draws it")
    drawn = part.draw(elf).part().splitlines()
    if "\n".join(drawn) in (text := file_of(one).read_text(encoding="utf-8")):
        return ""
    new = [line for line in drawn if line not in text.splitlines()]
    return "\n".join([f"{file_of(one).relative_to(ROOT)}: a run now draws, among others:", *new[:5]])
