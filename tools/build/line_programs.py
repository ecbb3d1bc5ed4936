# SPDX-License-Identifier: MIT
"""Decodes .debug_line of DWARF 4 (section 6.2), which says at which addresses which line begins.

elftools can do it, too, and takes ten times as long: every link of a kernel would wait for it.
"""

from collections.abc import Iterator

VERSION = 4
EXTENDED, COPY, ADVANCE_PC, ADVANCE_LINE, SET_FILE, CONST_ADD_PC, FIXED_ADVANCE_PC = 0, 1, 2, 3, 4, 8, 9
END_SEQUENCE, SET_ADDRESS = 1, 2  # of the extended ones


class Reader:
    """Numbers and strings from bytes, one after the other, from `at` on."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def number(self, size: int) -> int:
        """An unsigned number of `size` bytes."""
        self.at += size
        return int.from_bytes(self.data[self.at - size:self.at], "little")

    def uleb(self) -> int:
        """An unsigned number of any size (7.6)."""
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sleb(self) -> int:
        """A signed one."""
        start = self.at
        value = self.uleb()
        return value - (1 << 7 * (self.at - start)) if self.data[self.at - 1] & 0x40 else value

    def text(self) -> str:
        """A string that ends with NUL."""
        start, self.at = self.at, self.data.index(0, self.at) + 1
        return self.data[start:self.at - 1].decode()


class Program:
    """The program of one unit: a header, and the instructions of a machine whose registers are address, file and line."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.end = reader.number(4) + reader.at
        if (version := reader.number(2)) != VERSION:
            raise ValueError(f"a line program has version {version} of DWARF: compile with -gdwarf-{VERSION}")
        self._first = reader.number(4) + reader.at
        self._unit = reader.number(1)
        reader.number(2)  # instructions in a bundle, and is_stmt
        self._base = (reader.number(1) ^ 0x80) - 0x80
        self._range, self._opcodes = reader.number(1), reader.number(1)
        self._operands = [0] + [reader.number(1) for _ in range(self._opcodes - 1)]
        directories = [""]
        while directory := reader.text():
            directories.append(directory)
        self.files = ["?"]
        while name := reader.text():
            directory = directories[reader.uleb()]
            self.files.append(f"{directory}/{name}" if directory and not name.startswith("/") else name)
            for _ in ("time", "size"):
                reader.uleb()

    def rows(self) -> Iterator[tuple[int, int, int]]:
        """Address, number of the file, and line where one begins; not the ends of sequences."""
        reader, data, address, file, line = self._reader, self._reader.data, 0, 1, 1
        reader.at = self._first
        while reader.at < self.end:
            opcode = data[reader.at]
            reader.at += 1
            if opcode >= self._opcodes:
                advance, add = divmod(opcode - self._opcodes, self._range)
                address += advance * self._unit
                line += self._base + add
                yield address, file, line
            elif opcode == COPY:
                yield address, file, line
            elif opcode == ADVANCE_PC:
                address += reader.uleb() * self._unit
            elif opcode == ADVANCE_LINE:
                line += reader.sleb()
            elif opcode == SET_FILE:
                file = reader.uleb()
            elif opcode == CONST_ADD_PC:
                address += (255 - self._opcodes) // self._range * self._unit
            elif opcode == FIXED_ADVANCE_PC:
                address += reader.number(2)
            elif opcode == EXTENDED:
                size = reader.uleb()
                after = reader.at + size
                kind = reader.number(1)
                if kind == END_SEQUENCE:
                    address, file, line = 0, 1, 1
                elif kind == SET_ADDRESS:
                    address = reader.number(size - 1)
                reader.at = after
            else:
                for _ in range(self._operands[opcode]):
                    reader.uleb()


def programs(data: bytes) -> Iterator[Program]:
    """The programs of a section."""
    at = 0
    while at < len(data):
        program = Program(Reader(data, at))
        yield program
        at = program.end
