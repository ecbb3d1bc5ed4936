# SPDX-License-Identifier: MIT
"""The layout of the kernel's structures and the addresses of its variables, from its debugging information."""

import struct
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section

from . import LabError

ADDRESS_OF = 0x03  # DW_OP_addr
HEAD_BYTES = 40    # of a unit: they contain its name


class Member(NamedTuple):
    """A member of a structure: its offset and its size in bytes."""
    offset: int
    size: int


class Layout:
    """The structures and variables of an ELF file, by the source file that declares them."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._file = self.path.open("rb")
        elf = ELFFile(self._file)
        if not elf.has_dwarf_info():
            raise LabError(f"{path} has no debugging information: it is stripped")
        self._dwarf = elf.get_dwarf_info()
        self._info, self._strings = (self._data(elf.get_section_by_name(name)) for name in (".debug_info", ".debug_str"))

    @staticmethod
    def _data(section: Section | None) -> bytes:
        return section.data() if section else b""

    @cached_property
    def _starts(self) -> list[int]:
        """The offsets of the units."""
        data, at = self._info, 0
        starts: list[int] = []
        while at < len(data):
            starts.append(at)
            at += 4 + struct.unpack_from("<I", data, at)[0]
        return starts

    @lru_cache(maxsize=None)
    def _unit(self, source: str) -> DIE | None:
        """The unit of a source file, or None. Parsing the heads of all units is slow: only units are parsed that have
        the offset of the name in their first bytes."""
        ending = f"kernel/{source}\0".encode()
        end = self._strings.find(ending)
        if end < 0:
            return None
        name = struct.pack("<I", self._strings.rfind(b"\0", 0, end) + 1)
        for start in self._starts:
            if name in self._info[start:start + HEAD_BYTES]:
                unit = self._dwarf.get_CU_at(start).get_top_DIE()
                if unit.attributes["DW_AT_name"].value.endswith(ending[:-1]):
                    return unit
        return None

    @lru_cache(maxsize=None)
    def _named(self, source: str) -> dict[tuple[str, str], DIE]:
        """The declarations of a source file, by tag and name."""
        if not (unit := self._unit(source)):
            raise LabError(f"{self.path} has no {source}: it is not ucow, or built without that part")
        return {(die.tag, die.attributes["DW_AT_name"].value.decode()): die for die in unit.iter_children()
                if "DW_AT_name" in die.attributes}

    def has(self, source: str) -> bool:
        """Whether the kernel was built with this source file."""
        return self._unit(source) is not None

    def _size(self, die: DIE) -> int:
        """The size of a type in bytes."""
        while "DW_AT_byte_size" not in die.attributes:
            if die.tag == "DW_TAG_pointer_type":
                return 4
            if die.tag == "DW_TAG_array_type":
                counts: list[int] = [child.attributes["DW_AT_count"].value for child in die.iter_children()
                          if "DW_AT_count" in child.attributes]
                return self._size(die.get_DIE_from_attribute("DW_AT_type")) * (counts[0] if counts else 0)
            die = die.get_DIE_from_attribute("DW_AT_type")
        return int(die.attributes["DW_AT_byte_size"].value)

    def _members(self, die: DIE, base: int) -> dict[str, Member]:
        found = {}
        for child in die.iter_children():
            if child.tag != "DW_TAG_member":
                continue
            offset = base + child.attributes["DW_AT_data_member_location"].value
            kind = child.get_DIE_from_attribute("DW_AT_type")
            if "DW_AT_name" in child.attributes:
                found[child.attributes["DW_AT_name"].value.decode()] = Member(offset, self._size(kind))
            else:
                found |= self._members(kind, offset)  # an unnamed union: its members are the structure's
        return found

    @lru_cache(maxsize=None)
    def members(self, source: str, structure: str) -> dict[str, Member]:
        """The members of a structure as `source` sees it."""
        die = self._named(source).get(("DW_TAG_structure_type", structure))
        if die is None:
            raise LabError(f"{self.path}: {source} knows no struct {structure}")
        return self._members(die, 0)

    @lru_cache(maxsize=None)
    def size(self, source: str, structure: str) -> int:
        """The size of a structure in bytes."""
        self.members(source, structure)
        return self._size(self._named(source)["DW_TAG_structure_type", structure])

    @lru_cache(maxsize=None)
    def variable(self, source: str, name: str) -> int:
        """The address of a variable that `source` defines; it may be static."""
        die = self._named(source).get(("DW_TAG_variable", name))
        place = die.attributes["DW_AT_location"].value if die and "DW_AT_location" in die.attributes else []
        if not place or place[0] != ADDRESS_OF:
            raise LabError(f"{self.path}: {source} has no variable {name}")
        return int.from_bytes(bytes(place[1:5]), "little")


layout_of = lru_cache(maxsize=None)(Layout)
