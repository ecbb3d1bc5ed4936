# SPDX-License-Identifier: MIT
"""How many pages processes share, and have on the disk, after each event: found by following a trace.

The same rules as in page/memory.js, which says what each event does to page tables; docs/pages.md has the states. Here only
numbers are wanted, and at every event, so each change of an entry corrects them. A page counts once for each address space
that has it, as `tools/pages` counts; the entries of a page table that is shared count for each space that has the table.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from .invariants import CLONE_VM
from .naming import PAGE_BYTES
from .pages import COW, ENTRIES, VM_SHARED, WRITABLE
from .trace import Record

VM_WRITE, VM_RIGHTS = 2, 7


class Entry(NamedTuple):
    """A page-table entry: a frame with rights, or the number of a slot on the disk."""
    frame: int = 0
    slot: int = 0
    writable: bool = False
    cow: bool = False

    def until_written(self) -> "Entry":
        return Entry(self.frame, cow=True) if self.writable else self


class Region(NamedTuple):
    """Pages [start, end) of an address space."""
    start: int
    end: int
    flags: int
    object: int

    def parts(self, start: int, end: int) -> list["Region"]:
        """What is left of it outside [start, end)."""
        parts = [self._replace(end=min(self.end, start)), self._replace(start=max(self.start, end))]
        return [self] if self.end <= start or self.start >= end else [part for part in parts if part.start < part.end]


@dataclass(eq=False)
class Table:
    """A page table: its entries by page number, and how many address spaces have it."""
    entries: dict[int, Entry] = field(default_factory=dict)
    spaces: int = 1


@dataclass(eq=False)
class Space:
    """An address space."""
    users: int = 1  # processes: threads share one
    regions: list[Region] = field(default_factory=list)
    tables: dict[int, Table] = field(default_factory=dict)

    def region(self, page: int) -> Region | None:
        return next((region for region in self.regions if region.start <= page < region.end), None)

    def entry(self, page: int) -> Entry | None:
        table = self.tables.get(page // ENTRIES)
        return table.entries.get(page) if table else None


@dataclass
class Pending:
    """What a fork or fault has done so far."""
    copies: dict[int, Entry] = field(default_factory=dict)
    tables: set[int] = field(default_factory=set)


class Counts:
    """The numbers, and what they are made of: for each frame and slot, how many address spaces' entries name it."""

    def __init__(self) -> None:
        self.shared = self.swapped = 0
        self.owners: dict[int, str] = {}   # frame -> user, cache or shared
        self.slots: dict[int, int] = {}    # frame -> the slot with the same bytes
        self.same: defaultdict[int, set[int]] = defaultdict(set)  # slot -> the frames with the same bytes
        self._frames: Counter[int] = Counter()
        self._named: Counter[int] = Counter()

    def _of(self, frame: int) -> int:
        """How many pages of address spaces in this frame are shared."""
        owner, users = self.owners.get(frame), self._frames[frame]
        is_shared = users > 1 or owner == "shared" or self._named[self.slots.get(frame, 0)] > 0
        return users if is_shared and owner != "cache" else 0

    def tell(self, frame: int, owner: str | None, slot: int = 0) -> None:
        """A frame now has this owner (None: it is free) and the same bytes as this slot (0: as none)."""
        self.shared -= self._of(frame)
        self.owners.pop(frame, None)
        self.same[self.slots.pop(frame, 0)].discard(frame)
        if owner:
            self.owners[frame] = owner
        if slot:
            self.slots[frame] = slot
            self.same[slot].add(frame)
        self.shared += self._of(frame)

    def add(self, entry: Entry, users: int) -> None:
        """So many more address spaces have the entry, or less than 0: fewer."""
        if entry.frame:
            self.shared -= self._of(entry.frame)
            self._frames[entry.frame] += users
            self.shared += self._of(entry.frame)
            return
        self.shared -= sum(map(self._of, self.same[entry.slot]))
        self._named[entry.slot] += users
        self.shared += sum(map(self._of, self.same[entry.slot]))
        self.swapped += users


class World:
    """The address spaces of all processes. follow() each record; `counts` has the numbers."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.cow = True
        self.spaces: dict[int, Space] = {}      # by pid
        self.pending: dict[int, Pending] = {}

    def follow(self, record: Record) -> None:
        if handler := getattr(self, f"_on_{record.name}", None):
            handler(record, record.cpu_pid)

    # ---- entries ----

    def _set(self, table: Table, page: int, entry: Entry | None) -> None:
        if old := table.entries.pop(page, None):
            self.counts.add(old, -table.spaces)
        if entry:
            table.entries[page] = entry
            self.counts.add(entry, table.spaces)

    def _set_all(self, table: Table, entries: dict[int, Entry]) -> None:
        for page, entry in entries.items():
            self._set(table, page, entry)

    def _share(self, table: Table, more: int) -> None:
        """So many more address spaces have the table."""
        for entry in table.entries.values():
            self.counts.add(entry, more)
        table.spaces += more

    def _copied(self, entries: dict[int, Entry]) -> Table:
        table = Table()
        self._set_all(table, entries)
        return table

    # ---- address spaces ----

    def _space(self, pid: int) -> Space:
        return self.spaces.setdefault(pid, Space())

    def _pending(self, pid: int) -> Pending:
        return self.pending.setdefault(pid, Pending())

    def _forget(self, pid: int) -> None:
        self.pending.pop(pid, None)
        if space := self.spaces.pop(pid, None):
            space.users -= 1
            for table in space.tables.values() if space.users == 0 else ():
                self._share(table, -1)

    def _on_boot(self, record: Record, _pid: int) -> None:
        self.cow = record["cow"] != 0

    def _on_exec(self, record: Record, _pid: int) -> None:
        self._forget(record.pid)
        self.spaces[record.pid] = Space()

    def _on_exit(self, record: Record, _pid: int) -> None:
        self._forget(record.pid)

    def _on_fork(self, record: Record, _pid: int) -> None:
        source, pending = self.spaces.get(record.parent), self.pending.pop(record.parent, Pending())
        if source is None:
            return
        if record["flags"] & CLONE_VM:
            source.users += 1
            self.spaces[record.child] = source
            return
        child = self.spaces[record.child] = Space(regions=list(source.regions))
        for number, table in source.tables.items():
            if number in pending.tables:
                self._share(table, 1)
                child.tables[number] = table
            elif table.entries:
                child.tables[number] = self._copied({page: pending.copies.get(page, entry) for page, entry in table.entries.items()})

    # ---- regions ----

    def _unmap(self, space: Space, start: int, end: int) -> None:
        """A table that no region needs goes as a whole."""
        space.regions = [part for region in space.regions for part in region.parts(start, end)]
        for number, table in list(space.tables.items()):
            first, last = number * ENTRIES, (number + 1) * ENTRIES
            if last <= start or end <= first:
                continue
            if not any(region.start < last and first < region.end for region in space.regions):
                self._share(space.tables.pop(number), -1)
                continue
            for page in [page for page in table.entries if start <= page < end]:
                self._set(table, page, None)

    def _on_map(self, record: Record, pid: int) -> None:
        space, (start, end) = self._space(pid), _range(record)
        self._unmap(space, start, end)
        space.regions = sorted([*space.regions, Region(start, end, record["flags"], record["object"])])

    def _on_unmap(self, record: Record, pid: int) -> None:
        self._unmap(self._space(pid), *_range(record))

    def _on_protect(self, record: Record, pid: int) -> None:
        space, (start, end), flags = self._space(pid), _range(record), record["flags"]
        old, write = space.region(start), flags & VM_WRITE
        inside = [Region(max(region.start, start), min(region.end, end), flags, region.object) for region in space.regions]
        space.regions = sorted([*(part for region in space.regions for part in region.parts(start, end)),
                                *(region for region in inside if region.start < region.end)])
        if not old or (not (old.flags ^ flags) & VM_WRITE and old.flags & VM_RIGHTS and flags & VM_RIGHTS):
            return
        has_cow = bool(write and not flags & VM_SHARED and self.cow)
        for table in space.tables.values():
            for page, entry in list(table.entries.items()):
                if start <= page < end and entry.frame:
                    table.entries[page] = entry._replace(writable=bool(write) and not has_cow, cow=has_cow)

    # ---- pages ----

    def _on_page(self, record: Record, pid: int) -> None:
        page, raw = record["va"] // PAGE_BYTES, record["entry"]
        entry = Entry(raw // PAGE_BYTES, writable=bool(raw & WRITABLE), cow=bool(raw & COW))
        space = self._space(pid)
        old, region = space.entry(page), space.region(page)
        owner = ("shared" if region and region.flags & VM_SHARED else
                 "cache" if region and region.object and not region.flags & VM_WRITE else "user")
        slot = self.counts.slots.get(entry.frame, 0) if old and old.frame == entry.frame else 0
        self.counts.tell(entry.frame, owner, old.slot if old and old.slot and not entry.writable else slot)
        self._set(space.tables.setdefault(page // ENTRIES, Table()), page, entry)

    def _on_page_copy(self, record: Record, pid: int) -> None:
        frame = record["to"] // PAGE_BYTES
        self.counts.tell(frame, "user")
        self._pending(pid).copies[record["va"] // PAGE_BYTES] = Entry(frame, writable=True)

    def _on_fault(self, record: Record, pid: int) -> None:
        page, outcome, pending = record["va"] // PAGE_BYTES, record.shown("outcome"), self.pending.pop(pid, Pending())
        space = self.spaces.get(pid)
        old = space.entry(page) if space else None
        if not space or not old:
            return
        table = space.tables[page // ENTRIES]
        if outcome == "copy" and page in pending.copies:
            self._set(table, page, pending.copies[page])
        elif outcome == "reuse" and old.frame:
            self.counts.tell(old.frame, self.counts.owners.get(old.frame))
            self._set(table, page, Entry(old.frame, writable=True))

    def _on_share(self, record: Record, pid: int) -> None:
        space, (start, end), pending = self._space(pid), _range(record), self._pending(pid)
        region = space.region(start)
        if region and region.flags & VM_SHARED:
            return
        for number, table in space.tables.items():
            if number not in pending.tables and number * ENTRIES < end and start < (number + 1) * ENTRIES:
                table.entries.update({page: entry.until_written() for page, entry in table.entries.items() if start <= page < end})

    # ---- page tables ----

    def _on_table_share(self, record: Record, pid: int) -> None:
        self._pending(pid).tables.add((record["va"] // PAGE_BYTES) // ENTRIES)

    def _on_table_copy(self, record: Record, pid: int) -> None:
        number, space = (record["va"] // PAGE_BYTES) // ENTRIES, self._space(pid)
        if old := space.tables.get(number):
            old.entries.update({page: entry.until_written() for page, entry in old.entries.items()})
            self._share(old, -1)
            space.tables[number] = self._copied(old.entries)

    # ---- the disk ----

    def _on_evict(self, record: Record, _pid: int) -> None:
        frame, slot, page = record["frame"] // PAGE_BYTES, record["slot"], record["va"] // PAGE_BYTES
        for other in self.counts.same[slot] - {frame}:
            self.counts.tell(other, self.counts.owners.get(other))
        for table in {space.tables.get(page // ENTRIES) for space in self.spaces.values()}:
            if table and (entry := table.entries.get(page)) and entry.frame == frame:
                self._set(table, page, Entry(slot=slot) if slot else None)
        for pending in self.pending.values():
            if (copy := pending.copies.get(page)) and copy.frame == frame:
                pending.copies[page] = Entry(slot=slot)
                if not slot:
                    del pending.copies[page]
        self.counts.tell(frame, None)


def _range(record: Record) -> tuple[int, int]:
    """The pages of an event."""
    return record["start"] // PAGE_BYTES, record["end"] // PAGE_BYTES
