# SPDX-License-Identifier: MIT
"""The pages of a machine's processes, read from outside: page tables, the frames' array, the map of the swap disk.

Nothing here asks the kernel; a machine that runs may be in the middle of a change.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from . import LabError
from .layout import Layout, Member, layout_of
from .machine import symbols_of
from .memory import Memory
from .naming import PAGE_BYTES, USERTOP
from .symbols import Symbols, physical
from .trace import Format

TABLE_BYTES, ENTRIES = 4 << 20, 1024
PRESENT, WRITABLE, COW, HIDDEN = 0x001, 0x002, 0x200, 0x400  # HIDDEN: a page that no program may access
BY_TABLE = 0x800  # ours, in a bit that the kernel does not use: other address spaces have the page table, too
VM_SHARED = 8
SLOT_BAD = 0xFFFFFFFF
MM, PROC, SHARED, SWAP = "mm/mm.c", "proc/proc.c", "mm/shmem.c", "mm/swap_slot.c"  # they define the structures


@dataclass(frozen=True, slots=True)
class Frame:
    """What the frames' array says of one."""
    count: int
    owner: str
    slot: int  # where on the disk the same bytes are; 0: nowhere


class Frames:
    """The frames' array, by frame number: most frames are never asked for."""

    def __init__(self, data: bytes, size: int, members: Mapping[str, Member], owners: Mapping[int, str], has_slots: bool) -> None:
        self._words, self._bytes, self._size, self._owners, self._has_slots = memoryview(data).cast("I"), data, size, owners, has_slots
        self._count, self._owner, self._slot = (members[name].offset for name in ("count", "owner", "slot"))

    def __len__(self) -> int:
        return len(self._bytes) // self._size

    def __getitem__(self, number: int) -> Frame:
        at = number * self._size
        owner = self._owners[self._bytes[at + self._owner]]
        slot = self._words[(at + self._slot) // 4] if owner == "user" and self._has_slots else 0
        return Frame(self._words[(at + self._count) // 4], owner, slot)

    def __iter__(self) -> Iterator[Frame]:
        return (self[number] for number in range(len(self)))


@dataclass(frozen=True, slots=True)
class Slot:
    """What the map of the disk says of one."""
    count: int
    page: int  # address of the struct page with the same bytes; 0: none


class Region(NamedTuple):
    """A region of an address space."""
    start: int
    end: int
    flags: int
    object: int


@dataclass(frozen=True)
class Process:
    """A process, and where its memory is."""
    pid: int
    parent: int
    name: str
    state: str
    mm: int  # address of its struct mm; 0: it has none
    address: int  # of its struct proc


@dataclass
class Guest:
    """A machine's memory, with what is needed to read the kernel's structures in it."""
    memory: Memory
    symbols: Symbols
    layout: Layout

    @classmethod
    def of(cls, memory: Memory, elf: Path) -> "Guest":
        symbols_of(elf).require_same(memory)
        return cls(memory, symbols_of(elf), layout_of(elf))

    @cached_property
    def names(self) -> dict[str, dict[int, str]]:
        """What this kernel calls the values of its enumerations."""
        return Format(self.symbols.text("trace_format")).enums

    # ---- words and structures ----

    def word(self, address: int) -> int:
        return int.from_bytes(self.memory.read(physical(address), 4), "little")

    def member(self, address: int, source: str, structure: str, name: str) -> int:
        """An integer or pointer member of the structure at `address`."""
        offset, size = self.layout.members(source, structure)[name]
        return int.from_bytes(self.memory.read(physical(address) + offset, size), "little")

    def variable(self, source: str, name: str) -> int:
        return self.word(self.layout.variable(source, name))

    # ---- processes ----

    def _proc(self, address: int, name: str) -> int:
        return self.member(address, PROC, "proc", name)

    def nodes(self, head: int) -> Iterator[int]:
        """The nodes of a list. Raises LabError if a broken kernel has left one without an end."""
        seen = {head}
        node = self.member(head, PROC, "list_node", "next")
        while node != head:
            if node in seen:
                raise LabError(f"the list at {head:#010x} has no end")
            seen.add(node)
            yield node
            node = self.member(node, PROC, "list_node", "next")

    def _children(self, parent: int, name: str) -> Iterator[int]:
        """The processes in the list `name` of `parent`."""
        proc = self.layout.members(PROC, "proc")
        yield from (node - proc["sibling"][0] for node in self.nodes(parent + proc[name][0]))

    @cached_property
    def processes(self) -> list[Process]:
        """Every process in order of pid: idle and its descendants."""
        boot_cpu = self.symbols.address("boot_cpu")
        left, found = [self.member(boot_cpu, PROC, "cpu", "idle")], []
        seen: set[int] = set()
        while left:
            proc = left.pop()
            if proc in seen:
                continue  # it has moved meanwhile, or the lists are broken
            seen.add(proc)
            offset, size = self.layout.members(PROC, "proc")["name"]
            name = self.memory.read(physical(proc) + offset, size).split(b"\0")[0].decode(errors="replace")
            parent = self._proc(proc, "parent")
            found.append(Process(self._proc(proc, "pid"), self._proc(parent, "pid") if parent else 0, name,
                                 self.names["state"][self._proc(proc, "state")], self._proc(proc, "mm"), proc))
            left += [*self._children(proc, "children"), *self._children(proc, "zombies")]
        return sorted(found, key=lambda process: process.pid)

    @cached_property
    def spaces(self) -> dict[int, list[int]]:
        """The pids that live in each struct mm."""
        spaces: dict[int, list[int]] = {}
        for process in self.processes:
            if process.mm:
                spaces.setdefault(process.mm, []).append(process.pid)
        return spaces

    # ---- frames and slots ----

    @cached_property
    def frames(self) -> Frames:
        """The array, by frame number."""
        size = self.layout.size(MM, "page")
        n = self.word(self.symbols.address("page_frames"))
        data = self.memory.read(physical(self.word(self.symbols.address("page_array"))), n * size)
        return Frames(data, size, self.layout.members(MM, "page"), self.names["owner"], self.swaps)

    def frame_number(self, page: int) -> int:
        """Which frame the struct page at this address describes."""
        return (page - self.word(self.symbols.address("page_array"))) // self.layout.size(MM, "page")

    @cached_property
    def swaps(self) -> bool:
        return self.layout.has(SWAP)

    @cached_property
    def slots(self) -> dict[int, Slot]:
        """The slots that are in use, by number; bad ones are none."""
        if not self.swaps or not (array := self.variable(SWAP, "slots")):
            return {}
        members = self.layout.members(SWAP, "slot")
        size = self.layout.size(SWAP, "slot")
        n = self.variable(SWAP, "slots_n")
        words = memoryview(self.memory.read(physical(array), n * size)).cast("I")
        count, page = members["count"].offset // 4, members["page"].offset // 4
        return {i: Slot(words[at + count], words[at + page]) for i, at in enumerate(range(0, n * size // 4, size // 4))
                if (words[at + count] or words[at + page]) and words[at + count] != SLOT_BAD}

    # ---- address spaces ----

    def _table(self, address: int) -> memoryview:
        return memoryview(self.memory.read(address, PAGE_BYTES)).cast("I")

    def entries(self, mm: int) -> Iterator[tuple[int, int]]:
        """The address and the entry of every page of an address space, present or on the disk, with BY_TABLE. Below a
        directory entry that permits no writes, a writable page is shared until it is written."""
        pgdir = physical(self.member(mm, MM, "mm", "pgdir"))
        for high, pde in enumerate(self._table(pgdir)[:USERTOP // TABLE_BYTES]):
            if pde & PRESENT:
                by_table = BY_TABLE if self.frames[pde // PAGE_BYTES].count > 1 else 0
                for low, entry in enumerate(self._table(pde & -PAGE_BYTES)):
                    if entry & PRESENT and entry & WRITABLE and not pde & WRITABLE:
                        entry ^= WRITABLE | COW
                    if entry & HIDDEN:
                        entry |= PRESENT
                    if entry:
                        yield high * TABLE_BYTES + low * PAGE_BYTES, entry | by_table

    @cached_property
    def tables(self) -> dict[int, dict[int, int]]:
        """The entries of every address space, by its struct mm and address."""
        return {mm: dict(self.entries(mm)) for mm in self.spaces}

    def _tree(self, node: int) -> Iterator[int]:
        """The nodes of a red-black tree, in order."""
        above: list[int] = []
        seen: set[int] = set()
        children = self.layout.members(MM, "rb_node")["child"].offset
        while node or above:
            while node:
                if node in seen:
                    raise LabError(f"the tree with the node {node:#010x} has no end")
                seen.add(node)
                above.append(node)
                node = self.word(node + children)
            yield (node := above.pop())
            node = self.word(node + children + 4)

    def regions(self, mm: int) -> list[Region]:
        """Its regions in order of address; a region begins with its node."""
        at = self.layout.members(MM, "mm")["vmas"].offset + self.layout.members(MM, "vma_set")["root"].offset
        return [Region(*(self.member(node, MM, "vma", name) for name in Region._fields))
                for node in self._tree(self.word(mm + at))]

    @cached_property
    def stored(self) -> dict[int, list[tuple[int, int]]]:
        """What memory that processes share on purpose has: of each object, frames' pages and slots. A frame or slot
        in an object is one count more than its entries."""
        objects = {region.object for mm in self.spaces for region in self.regions(mm) if region.flags & VM_SHARED}
        root = self.layout.members(SHARED, "shmem")["pages"].offset
        return {found: [(self.member(node, SHARED, "stored_page", "page"), self.member(node, SHARED, "stored_page", "slot"))
                        for node in self._tree(self.word(found + root))] for found in objects if found}

    # ---- page tables ----

    @cached_property
    def directories(self) -> dict[int, dict[int, int]]:
        """The page table, by frame number, of each span of a table of each address space."""
        pgdirs = {mm: physical(self.member(mm, MM, "mm", "pgdir")) for mm in self.spaces}
        return {mm: {high: pde // PAGE_BYTES for high, pde in enumerate(self._table(pgdir)[:USERTOP // TABLE_BYTES])
                     if pde & PRESENT} for mm, pgdir in pgdirs.items()}

    @cached_property
    def sharers(self) -> Counter[int]:
        """How many address spaces have each page table, by frame number."""
        return Counter(table for tables in self.directories.values() for table in tables.values())

    @cached_property
    def references(self) -> Counter[int]:
        """How many entries have each value but for its flags: PRESENT with a frame's address, or a slot's number. The
        entries of a page table that is shared are counted once."""
        return Counter(entry & -PAGE_BYTES | (entry & (PRESENT | HIDDEN) != 0) for table in self.sharers
                       for entry in self._table(table * PAGE_BYTES) if entry)

    def entries_used(self, table: int) -> int:
        """How many entries the kernel believes this page table, a frame number, has in use."""
        page = self.word(self.symbols.address("page_array")) + table * self.layout.size(MM, "page")
        return self.member(page, MM, "page", "table_used")

    # ---- who has what ----

    @cached_property
    def mapped_by(self) -> dict[int, list[int]]:
        """The address spaces that map each frame."""
        return self._users(lambda entry: entry & PRESENT != 0)

    @cached_property
    def named_by(self) -> dict[int, list[int]]:
        """The address spaces that name each slot."""
        return self._users(lambda entry: not entry & PRESENT)

    def _users(self, wanted: Callable[[int], bool]) -> dict[int, list[int]]:
        users: dict[int, list[int]] = {}
        for mm, table in self.tables.items():
            for entry in table.values():
                if wanted(entry):
                    users.setdefault(entry // PAGE_BYTES, []).append(mm)
        return users

    def _pids(self, spaces: list[int], own: int) -> tuple[int, ...]:
        return tuple(sorted({pid for mm in spaces if mm != own for pid in self.spaces[mm]}))

    def describe(self, mm: int, entry: int) -> "Page":
        """What the page of an entry is to the address space `mm`."""
        number, by_table = entry // PAGE_BYTES, entry & BY_TABLE != 0
        if not entry & PRESENT:
            page = self.slots[number].page if number in self.slots else 0
            readers = self.mapped_by.get(self.frame_number(page), []) if page else []
            return Page("swapped", "-", by_table, number, self._pids(self.named_by[number] + readers, mm))
        frame = self.frames[number]
        others = list(self.mapped_by[number])
        if frame.slot:
            others += self.named_by.get(frame.slot, [])
        sharers = frame.count + (self.slots[frame.slot].count if frame.slot in self.slots else 0)
        shared = frame.owner == "shared" or sharers > 1 or entry & BY_TABLE
        kind = "cache" if frame.owner == "cache" else "shared" if shared else "private"
        rights = "-" if entry & HIDDEN else "w" if entry & WRITABLE else "c" if entry & COW else "r"
        return Page(kind, rights, by_table, frame.slot, self._pids(others, mm))

    def runs(self, mm: int) -> Iterator["Run"]:
        """The pages of an address space, neighbours of the same kind together. Slots that follow each other do, too."""
        run: Run | None = None
        for va, entry in self.tables[mm].items():
            page = self.describe(mm, entry)
            if run and run.goes_on(va, page):
                run = run._replace(end=va + PAGE_BYTES)
                continue
            if run:
                yield run
            run = Run(va, va + PAGE_BYTES, *page)
        if run:
            yield run


class Page(NamedTuple):
    """What a page is to one address space."""
    kind: str    # private, shared, swapped, cache
    rights: str  # w to write, c to read until written, r to read; - not in memory
    by_table: bool  # others have the same page table
    slot: int    # on the disk, or also there; 0: not
    pids: tuple[int, ...]  # of the others who have it


class Run(NamedTuple):
    """Neighbouring pages that are the same."""
    start: int
    end: int
    kind: str
    rights: str
    by_table: bool
    slot: int
    pids: tuple[int, ...]

    @property
    def pages(self) -> int:
        return (self.end - self.start) // PAGE_BYTES

    def goes_on(self, va: int, page: Page) -> bool:
        """Whether a page continues the run."""
        slot = self.slot + self.pages if self.slot else 0
        return va == self.end and page == Page(self.kind, self.rights, self.by_table, slot, self.pids)
