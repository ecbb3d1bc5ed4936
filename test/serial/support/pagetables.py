# SPDX-License-Identifier: MIT
"""Walks the guest's page tables from outside (two levels, Intel SDM 3A 4.3)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

PAGE_BYTES, LARGE_BYTES = 4096, 4 << 20
ENTRIES = 1024
PRESENT, WRITABLE, USER, LARGE = 0x1, 0x2, 0x4, 0x80


@dataclass(frozen=True)
class Mapping:
    """A present leaf entry: maps `size` bytes at `va` to physical address `pa`. Rights combine both levels."""
    va: int
    size: int
    pa: int
    writable: bool
    user: bool

    def __str__(self) -> str:
        rights = ("u" if self.user else "-") + "r" + ("w" if self.writable else "-")
        return f"{self.va:#010x}-{self.va + self.size:#x} {rights} at {self.pa:#x}"


def entries(memory, table: int) -> tuple[int, ...]:
    """The 1024 words of the directory or table at physical address `table`."""
    return struct.unpack(f"<{ENTRIES}I", memory.read(table, PAGE_BYTES))


def user_bits(memory, pgdir: int, first: int) -> Iterator[str]:
    """The present entries of both levels that have the user bit, for addresses from `first` (4 MiB aligned) on."""
    for high, pde in enumerate(entries(memory, pgdir)):
        if high * LARGE_BYTES < first or not pde & PRESENT:
            continue
        if pde & USER:
            yield f"directory entry {high:#x}: {pde:#x}"
        if not pde & LARGE:
            yield from (f"table entry {high * ENTRIES + low:#x}: {pte:#x}"
                        for low, pte in enumerate(entries(memory, pde & -PAGE_BYTES)) if pte & PRESENT and pte & USER)


def tables(memory, pgdir: int) -> Iterator[int]:
    """The frames of the directory and of its page tables."""
    yield pgdir
    yield from (pde & -PAGE_BYTES for pde in entries(memory, pgdir) if pde & PRESENT and not pde & LARGE)


def mappings(memory, pgdir: int) -> Iterator[Mapping]:
    """The mappings of the page directory at physical address `pgdir`, in order of address."""
    for high, pde in enumerate(entries(memory, pgdir)):
        if not pde & PRESENT:
            continue
        if pde & LARGE:
            yield Mapping(high * LARGE_BYTES, LARGE_BYTES, pde & -LARGE_BYTES, bool(pde & WRITABLE), bool(pde & USER))
            continue
        for low, pte in enumerate(entries(memory, pde & -PAGE_BYTES)):
            if pte & PRESENT:
                rights = pde & pte
                yield Mapping(high * LARGE_BYTES + low * PAGE_BYTES, PAGE_BYTES, pte & -PAGE_BYTES,
                              bool(rights & WRITABLE), bool(rights & USER))
