#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the table that turns kernel addresses into functions and lines, for backtraces.

    line_table.py KERNEL.elf OUT.S

Reads the symbols and the DWARF line programs of a linked kernel and writes assembler source
for the section .lines, in the layout that kernel/watch/backtrace.c declares.
"""
import sys

from elftools.elf.elffile import ELFFile


def line_entries(elf):
    """(address, file, line) of every change of line, sorted by address."""
    entries = {}
    for unit in elf.get_dwarf_info().iter_CUs():
        program = unit.dwarfinfo.line_program_for_CU(unit)
        if program is None:
            continue
        names = [file_name(program, i) for i in range(len(program["file_entry"]) + 1)]
        for entry in program.get_entries():
            state = entry.state
            if state is not None and not state.end_sequence and state.line != 0:  # 0: of no line in particular
                entries[state.address] = (names[state.file], state.line)
    last = None
    for address in sorted(entries):
        if entries[address] != last:
            yield (address, *entries[address])
        last = entries[address]


def file_name(program, index):
    """The path of file `index` of a line program, from the project's top (DWARF counts from 1, or 0)."""
    offset = 0 if program["version"] >= 5 else 1
    if not 0 <= index - offset < len(program["file_entry"]):
        return "?"
    entry = program["file_entry"][index - offset]
    path = entry.name.decode()
    directories = program["include_directory"]
    if 0 <= entry.dir_index - offset < len(directories) and not path.startswith("/"):
        path = directories[entry.dir_index - offset].decode() + "/" + path
    for top in ("kernel/", "include/"):
        if top in path:
            return top + path.rsplit(top, 1)[1]
    return path.rsplit("/", 1)[-1]


def functions(elf):
    """(address, name) of every function and code label, sorted; the global name where there are two."""
    text = elf.get_section_by_name(".text")
    first, last = text["sh_addr"], text["sh_addr"] + text["sh_size"]
    found = {}
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():
        if first <= symbol["st_value"] < last and symbol.name and symbol["st_info"]["type"] in ("STT_FUNC", "STT_NOTYPE"):
            if symbol["st_value"] not in found or symbol["st_info"]["bind"] == "STB_GLOBAL":
                found[symbol["st_value"]] = symbol.name
    return sorted(found.items())


class Strings:
    """A blob of strings, each once, found by its offset."""

    def __init__(self):
        self.offsets = {}
        self.size = 0

    def add(self, text):
        if text not in self.offsets:
            self.offsets[text] = self.size
            self.size += len(text.encode()) + 1
        return self.offsets[text]


def emit(out, lines, names):
    strings, files = Strings(), {}
    for _, file, _ in lines:
        files.setdefault(file, len(files))

    def table(label, rows):
        print(f".globl {label}\n.balign 4\n{label}:", file=out)
        for row in rows:
            print(row, file=out)

    print('.section .lines, "a"', file=out)
    table("line_count", [f".long {len(lines)}"])
    table("line_table", [f".long {a:#x}\n.short {files[f]}, {min(n, 65535)}" for a, f, n in lines])
    table("function_count", [f".long {len(names)}"])
    table("function_table", [f".long {a:#x}, {strings.add(n)}" for a, n in names])
    table("file_names", [f".long {strings.add(f)}" for f in files])
    table("line_strings", [f'.asciz "{text}"' for text in strings.offsets])
    print('.section .note.GNU-stack, "", @progbits', file=out)


def main():
    with open(sys.argv[1], "rb") as kernel:
        elf = ELFFile(kernel)
        lines, names = list(line_entries(elf)), functions(elf)
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        emit(out, lines, names)


if __name__ == "__main__":
    main()
