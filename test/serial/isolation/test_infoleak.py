# SPDX-License-Identifier: MIT
"""user/isolation/infoleak.c: no memory or register contents of other processes or of the kernel reach a program.

D15, D16: at the first instruction of a program its memory holds the bytes of its file, its arguments and zeros,
and its registers are 0; the test reads both from outside. D45: the results of procs() have no stale bytes.
"""

import struct
from pathlib import Path

from elftools.elf.elffile import ELFFile
from pagetables import PAGE_BYTES
from breakpoints import stopping
from first_stack import own_stack
from ucow.machine import symbols_of
from ucow.memory import FileMemory
from protection_rules import POISON, USERTOP, Frozen

PATTERN = struct.pack("<I", 0x5EC2E7 << 8)[1:]  # in each of the words that the children leave
ARGUMENTS = b"nop\0one\0two words\0"
IF, FIXED = 0x200, 2
USER_TEXT, USER_DATA = 0x1B, 0x23


def test_lines(run):
    out = run("infoleak")
    out.lines.in_order("infoleak: registers that calls changed = 0",
                       "infoleak: registers of a child that are not its parent's = 0",
                       "infoleak: bytes behind the names = 0", "infoleak: bytes changed behind the processes = 0",
                       "infoleak: bytes changed behind the memory's counters = 0",
                       "infoleak: bytes in mapping 2 = 0", "infoleak: bytes in heap 2 = 0", "infoleak pass.")
    assert out.lines.count("infoleak: a child has spread its secret = 1") == 4
    assert len(out.trace.all("exit reason=fault")) == 2


def test_short_read(boot):
    """If one byte is typed, read() changes one byte."""
    with boot("infoleak", "input") as live:
        live.expect("type one character\n")
        live.type("x")
        live.end().lines.once("infoleak: bytes changed behind what was read = 0")


def stack_page() -> tuple[int, bytes]:
    """esp at the first instruction, and the contents of its page."""
    esp, stack = own_stack([word.decode() for word in ARGUMENTS[:-1].split(b"\0")])
    return esp, stack.rjust(PAGE_BYTES, b"\0")


def file_page(program: Path, va: int) -> bytes:
    """The page at `va` as the program's file defines it, with zeros around the segments."""
    page = bytearray(PAGE_BYTES)
    with program.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            for at, byte in enumerate(segment.data(), segment["p_vaddr"] - va):
                if 0 <= at < PAGE_BYTES:
                    page[at] = byte
    return bytes(page)


def pages_of(machine: Frozen) -> dict[int, bytes]:
    """The pages of the running program, by address."""
    return {mapping.va: machine.memory.read(mapping.pa, PAGE_BYTES) for mapping in machine.user}


def assert_first_instruction(machine: Frozen):
    """Registers and stack are as they must be at the first instruction."""
    esp, stack = stack_page()
    names = "EAX EBX ECX EDX ESI EDI EBP ESP EFL CS DS ES SS FS GS".split()
    seen = {name: machine.registers[name] for name in names}
    assert seen == dict.fromkeys(names, 0) | {"ESP": esp, "EFL": FIXED | IF, "CS": USER_TEXT, "DS": USER_DATA,
                                              "ES": USER_DATA, "SS": USER_DATA}
    assert pages_of(machine)[USERTOP - PAGE_BYTES] == stack


def assert_can_be_found(machine: Frozen, build):
    """The word is still in free frames, or in frames of others: so this test could find it."""
    everything = machine.memory.read(0, machine.bytes)
    assert everything.count(PATTERN) > 1000
    assert not build.has_check("heap_checks") or all(poison in everything for poison in POISON)


def test_first_and_last_instruction(bench, build):
    """Check nop, which infoleak executes last. Its text is not present at its first instruction, but when it exits."""
    program = build.folder / "user/nop"
    executes, exits = (symbols_of(build.kernel).address(name) for name in ("do_execve", "do_exit"))
    with program.open("rb") as file:
        entry = ELFFile(file)["e_entry"]
    executed, looked = 0, []
    with stopping(bench, "infoleak", at=[executes, exits], memory="16M") as stops:
        memory = FileMemory(stops.live.memory_file)
        for where in stops:
            if where == executes:
                executed += 1
                if executed == 2:  # not earlier: infoleak has code at this address, too
                    stops.add(entry)
                continue
            machine = Frozen(build.kernel, memory, stops.registers(), 16 << 20)
            if ARGUMENTS not in pages_of(machine)[USERTOP - PAGE_BYTES]:
                continue  # it is infoleak
            looked.append(where)
            if where == entry:
                assert_first_instruction(machine)
                assert_can_be_found(machine, build)
            files = {va: page for va, page in pages_of(machine).items() if va != USERTOP - PAGE_BYTES}
            assert files == {va: file_page(program, va) for va in files}
            assert files or where == entry
        memory.close()
        stops.live.end()
    assert list(dict.fromkeys(looked)) == [entry, exits]  # the entry twice, because its page faults
