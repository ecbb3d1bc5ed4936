#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the table that maps kernel addresses to functions and lines, for backtraces.

Reads the symbols and the DWARF line programs of a linked kernel and writes assembler source for the section
.lines, in the layout that kernel/watch/backtrace.c declares.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from line_programs import programs

try:
    from elftools.elf.elffile import ELFFile
except ModuleNotFoundError:
    sys.exit("line_table.py: python's elftools is missing: apt-get install python3-pyelftools")

Line = tuple[int, str, int]  # address, file, line
Name = tuple[int, str]       # address, function
MAX_LINE = 65535             # a line is stored in 16 bits


def line_entries(elf: ELFFile) -> Iterator[Line]:
    """Every change of line, sorted by address."""
    entries: dict[int, tuple[str, int]] = {}
    section = elf.get_section_by_name(".debug_line")
    for program in programs(section.data() if section else b""):
        names = [short(file) for file in program.files]
        for address, file, line in program.rows():
            if line != 0:  # 0: code of no line
                entries[address] = (names[file], line)
    last = None
    for address in sorted(entries):
        if entries[address] != last:
            yield (address, *entries[address])
        last = entries[address]


def short(path: str) -> str:
    """A path from the top of the tree."""
    for top in ("kernel/", "include/"):
        if top in path:
            return top + path.rsplit(top, 1)[1]
    return path.rsplit("/", 1)[-1]


def functions(elf: ELFFile) -> list[Name]:
    """Every function and code label, sorted by address; of two names for one address the global one."""
    text, symbols = elf.get_section_by_name(".text"), elf.get_section_by_name(".symtab")
    assert text is not None and symbols is not None
    first, last = text["sh_addr"], text["sh_addr"] + text["sh_size"]
    found: dict[int, str] = {}
    for symbol in symbols.iter_symbols():
        if first <= symbol["st_value"] < last and symbol.name and symbol["st_info"]["type"] in ("STT_FUNC", "STT_NOTYPE"):
            if symbol["st_value"] not in found or symbol["st_info"]["bind"] == "STB_GLOBAL":
                found[symbol["st_value"]] = symbol.name
    return sorted(found.items())


class Strings:
    """A blob of strings, each stored once and found by its offset."""

    def __init__(self) -> None:
        self.offsets: dict[str, int] = {}
        self.size = 0

    def add(self, text: str) -> int:
        """The offset of a string, added if it is new."""
        if text not in self.offsets:
            self.offsets[text] = self.size
            self.size += len(text.encode()) + 1
        return self.offsets[text]


def emit(out: TextIO, lines: list[Line], names: list[Name]) -> None:
    """Write the section."""
    strings = Strings()
    files: dict[str, int] = {}
    for _, file, _ in lines:
        files.setdefault(file, len(files))

    def table(label: str, rows: Iterable[str]) -> None:
        print(f".globl {label}\n.balign 4\n{label}:", file=out)
        for row in rows:
            print(row, file=out)

    print('.section .lines, "a"', file=out)
    table("line_count", [f".long {len(lines)}"])
    table("line_table", [f".long {a:#x}\n.short {files[f]}, {min(n, MAX_LINE)}" for a, f, n in lines])
    table("function_count", [f".long {len(names)}"])
    table("function_table", [f".long {a:#x}, {strings.add(n)}" for a, n in names])
    table("file_names", [f".long {strings.add(f)}" for f in files])
    table("line_strings", [f'.asciz "{text}"' for text in strings.offsets])
    print('.section .note.GNU-stack, "", @progbits', file=out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernel", type=argparse.FileType("rb"), metavar="KERNEL.elf", help="the linked kernel")
    parser.add_argument("output", type=Path, metavar="OUT.S", help="the assembler source to write")
    arguments = parser.parse_args()
    elf = ELFFile(arguments.kernel)
    lines, names = list(line_entries(elf)), functions(elf)
    with arguments.output.open("w", encoding="utf-8") as out:
        emit(out, lines, names)


if __name__ == "__main__":
    main()
