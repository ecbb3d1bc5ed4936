# SPDX-License-Identifier: MIT
"""The parts of a 32-bit little-endian ELF file that every test needs: sections, symbols, what is loaded.

Read with struct, because each module of the serial suite starts a Python of its own, and importing elftools and
parsing a thousand symbols with it would cost as much as a boot. Format: System V ABI, chapter 4.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"\x7fELF\x01\x01"  # 32 bits, little-endian
PT_LOAD = 1
SHT_NOBITS = 8


class Section(NamedTuple):
    """A section: its address, its bytes in the file, and the number of the section that it refers to."""
    address: int
    data: bytes
    link: int


def _text(table: bytes, offset: int) -> str:
    return table[offset:table.index(b"\0", offset)].decode()


class Elf32:
    """The ELF file whose bytes are `data`. Raises ValueError, with the reason, if it is none."""

    def __init__(self, data: bytes) -> None:
        if data[:len(MAGIC)] != MAGIC:
            raise ValueError("it does not begin as a 32-bit little-endian one")
        try:
            self._parse(data)
        except (struct.error, IndexError) as error:
            raise ValueError(f"its tables are damaged: {error}") from None

    def _parse(self, data: bytes) -> None:
        ph_offset, sh_offset = struct.unpack_from("<II", data, 28)
        ph_size, ph_count, sh_size, sh_count, sh_names = struct.unpack_from("<HHHHH", data, 42)
        self.segments: list[tuple[int, bytes]] = []  # (virtual address, bytes in the file) of each that is loaded
        for i in range(ph_count):
            kind, offset, address, _, size = struct.unpack_from("<IIIII", data, ph_offset + i * ph_size)
            if kind == PT_LOAD:
                self.segments.append((address, data[offset:offset + size]))
        headers = [struct.unpack_from("<IIIIIII", data, sh_offset + i * sh_size) for i in range(sh_count)]
        self._by_number = [Section(address, b"" if kind == SHT_NOBITS else data[offset:offset + size], link)
                           for _, kind, _, address, offset, size, link in headers]
        names = self._by_number[sh_names].data if headers else b""
        self.sections = {_text(names, header[0]): section for header, section in zip(headers, self._by_number)}

    def symbols(self) -> Iterator[tuple[str, int]]:
        """Name and value of each symbol; none in a stripped file."""
        if table := self.sections.get(".symtab"):
            names = self._by_number[table.link].data
            for name, value, _, _, _, _ in struct.iter_unpack("<IIIBBH", table.data):
                yield _text(names, name), value
