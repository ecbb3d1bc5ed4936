# SPDX-License-Identifier: MIT
"""The entries of a kernel's debugging information: DWARF 4 of 32 bits, as meson.build has the compiler write it.

Read with struct, like elf32.py: elftools takes a second for what a debugger's question needs of it, and this a tenth.
Format: DWARF Debugging Information Format, version 4, chapter 7.
"""

import struct
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from . import LabError
from .elf32 import Elf32

VERSION = 4
HEAD_BYTES = 11  # of a unit

# Tags
ARRAY, MEMBER, POINTER, STRUCTURE, VARIABLE = 0x01, 0x0d, 0x0f, 0x13, 0x34
# Attributes
LOCATION, NAME, BYTE_SIZE, COUNT, MEMBER_LOCATION, TYPE = 0x02, 0x03, 0x0b, 0x37, 0x38, 0x49

FORM_FLAG_PRESENT, FORM_SDATA, FORM_STRP, FORM_REF4 = 0x19, 0x0d, 0x0e, 0x13


class Entry(NamedTuple):
    """An entry: its tag, its attributes, and the offsets of those directly below it. A type is the offset of its entry."""
    tag: int
    attributes: dict[int, Any]
    below: list[int]


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    """A number in LEB128, and the offset behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _sleb(data: bytes, at: int) -> tuple[int, int]:
    value, end = _uleb(data, at)
    bits = 7 * (end - at)
    return value - (1 << bits if data[end - 1] & 0x40 else 0), end


def _number(size: int) -> Callable[[bytes, int], tuple[Any, int]]:
    return lambda data, at: (int.from_bytes(data[at:at + size], "little"), at + size)


def _block(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = _uleb(data, at)
    return data[at:at + size], at + size


def _string(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b"\0", at)
    return data[at:end].decode(), end + 1


# How a value is read, by its form; the value and the offset behind it.
FORMS: dict[int, Callable[[bytes, int], tuple[Any, int]]] = {
    0x01: _number(4), 0x0b: _number(1), 0x05: _number(2), 0x06: _number(4), 0x07: _number(8), 0x0f: _uleb, FORM_SDATA: _sleb,
    0x08: _string, FORM_STRP: _number(4), 0x0c: _number(1), FORM_FLAG_PRESENT: lambda data, at: (True, at),
    FORM_REF4: _number(4), 0x17: _number(4), 0x18: _block, 0x09: _block,
}


class _Kind(NamedTuple):
    """What an abbreviation stands for: a tag, whether entries follow below it, and attributes with their forms."""
    tag: int
    is_parent: bool
    attributes: list[tuple[int, int]]


class Dwarf:
    """The debugging information of an ELF file, by unit: what the compiler wrote of one source file."""

    def __init__(self, elf: Elf32) -> None:
        self._info, self._abbrev, self._strings = (
            elf.sections[name].data if name in elf.sections else b"" for name in (".debug_info", ".debug_abbrev", ".debug_str"))

    @cached_property
    def units(self) -> dict[str, int]:
        """The offset of each unit by the path of its source file."""
        found, at = {}, 0
        while at < len(self._info):
            size, version, abbreviations = struct.unpack_from("<IHI", self._info, at)
            if version != VERSION:
                raise LabError(f"the debugging information of the kernel is of version {version}, not {VERSION}: build it as meson.build does")
            code, first = _uleb(self._info, at + HEAD_BYTES)
            kind = next(kind for number, kind in self._kinds(abbreviations) if number == code)
            found[self._attributes(kind, at, first)[0][NAME]] = at
            at += 4 + size
        return found

    def _kinds(self, at: int) -> Iterator[tuple[int, _Kind]]:
        """The abbreviations of the table at an offset."""
        data = self._abbrev
        while True:
            code, at = _uleb(data, at)
            if code == 0:
                return
            tag, at = _uleb(data, at)
            is_parent, at, attributes = data[at] != 0, at + 1, []
            while True:
                attribute, at = _uleb(data, at)
                form, at = _uleb(data, at)
                if attribute == form == 0:
                    break
                attributes.append((attribute, form))
            yield code, _Kind(tag, is_parent, attributes)

    def _attributes(self, kind: _Kind, unit: int, at: int) -> tuple[dict[int, Any], int]:
        """The attributes at an offset, and the offset behind them."""
        values = {}
        for attribute, form in kind.attributes:
            value, at = FORMS[form](self._info, at)
            if form == FORM_STRP:
                value = self._strings[value:self._strings.index(b"\0", value)].decode()
            elif form == FORM_REF4:
                value += unit
            values[attribute] = value
        return values, at

    @lru_cache(maxsize=None)
    def entries(self, unit: int) -> dict[int, Entry]:
        """All entries of the unit at an offset, by their own; the first is the unit's."""
        size, _, abbreviations = struct.unpack_from("<IHI", self._info, unit)
        kinds = dict(self._kinds(abbreviations))
        found: dict[int, Entry] = {}
        above: list[list[int]] = [[]]
        at, end = unit + HEAD_BYTES, unit + 4 + size
        while at < end:
            start = at
            code, at = _uleb(self._info, at)
            if code == 0:
                above.pop()
                continue
            attributes, at = self._attributes(kinds[code], unit, at)
            entry = Entry(kinds[code].tag, attributes, [])
            found[start] = entry
            above[-1].append(start)
            if kinds[code].is_parent:
                above.append(entry.below)
        return found
