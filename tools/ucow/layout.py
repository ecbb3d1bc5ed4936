# SPDX-License-Identifier: MIT
"""The layout of the kernel's structures and the addresses of its variables, from its debugging information."""

from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from . import LabError
from .dwarf import ARRAY, BYTE_SIZE, COUNT, LOCATION, MEMBER, MEMBER_LOCATION, NAME, POINTER, STRUCTURE, TYPE, VARIABLE, Dwarf, Entry
from .elf32 import Elf32

ADDRESS_OF = 0x03  # DW_OP_addr


class Member(NamedTuple):
    """A member of a structure: its offset and its size in bytes."""
    offset: int
    size: int


class Layout:
    """The structures and variables of an ELF file, by the source file that declares them."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        elf = Elf32(self.path.read_bytes())
        if ".debug_info" not in elf.sections:
            raise LabError(f"{path} has no debugging information: it is stripped")
        self._dwarf = Dwarf(elf)

    @cached_property
    def _units(self) -> dict[str, int]:
        """The unit of each source file, by its path below the last folder kernel."""
        return {path.rpartition("kernel/")[2]: unit for path, unit in self._dwarf.units.items()}

    def _entries(self, source: str) -> dict[int, Entry]:
        """What the compiler wrote of a source file."""
        if source not in self._units:
            raise LabError(f"{self.path} has no {source}: it is not ucow, or built without that part")
        return self._dwarf.entries(self._units[source])

    @lru_cache(maxsize=None)
    def _named(self, source: str) -> dict[tuple[int, str], Entry]:
        """The declarations of a source file, by tag and name."""
        entries = self._entries(source)
        unit = next(iter(entries.values()))
        return {(entry.tag, entry.attributes[NAME]): entry for at in unit.below if NAME in (entry := entries[at]).attributes}

    def has(self, source: str) -> bool:
        """Whether the kernel was built with this source file."""
        return source in self._units

    def _size(self, entries: dict[int, Entry], entry: Entry) -> int:
        """The size of a type in bytes."""
        while BYTE_SIZE not in entry.attributes:
            if entry.tag == POINTER:
                return 4
            below = entries[entry.attributes[TYPE]]
            if entry.tag == ARRAY:
                counts = [entries[at].attributes[COUNT] for at in entry.below if COUNT in entries[at].attributes]
                return self._size(entries, below) * int(counts[0] if counts else 0)
            entry = below
        return int(entry.attributes[BYTE_SIZE])

    def _members(self, entries: dict[int, Entry], structure: Entry, base: int) -> dict[str, Member]:
        found = {}
        for member in (entries[at] for at in structure.below if entries[at].tag == MEMBER):
            offset, kind = base + member.attributes[MEMBER_LOCATION], entries[member.attributes[TYPE]]
            if NAME in member.attributes:
                found[member.attributes[NAME]] = Member(offset, self._size(entries, kind))
            else:
                found |= self._members(entries, kind, offset)  # an unnamed union: its members are the structure's
        return found

    @lru_cache(maxsize=None)
    def members(self, source: str, structure: str) -> dict[str, Member]:
        """The members of a structure as `source` sees it."""
        entry = self._named(source).get((STRUCTURE, structure))
        if entry is None:
            raise LabError(f"{self.path}: {source} knows no struct {structure}")
        return self._members(self._entries(source), entry, 0)

    @lru_cache(maxsize=None)
    def size(self, source: str, structure: str) -> int:
        """The size of a structure in bytes."""
        self.members(source, structure)
        return self._size(self._entries(source), self._named(source)[STRUCTURE, structure])

    @lru_cache(maxsize=None)
    def variable(self, source: str, name: str) -> int:
        """The address of a variable that `source` defines; it may be static."""
        entry = self._named(source).get((VARIABLE, name))
        place = entry.attributes.get(LOCATION, b"") if entry else b""
        if not isinstance(place, bytes) or place[:1] != bytes([ADDRESS_OF]):
            raise LabError(f"{self.path}: {source} has no variable {name}")
        return int.from_bytes(place[1:5], "little")


layout_of = lru_cache(maxsize=None)(Layout)
