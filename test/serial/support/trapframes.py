# SPDX-License-Identifier: MIT
"""Trap frames on the console, and checks of a process that an exception kills."""

import itertools
import re
from pathlib import Path

from elftools.elf.elffile import ELFFile
from ucow.machine import PROGRAM_FAILED

FIRST = 2
KILLED = -9
DIVIDE_ERROR = (0x0, "Divide error")
GENERAL_PROTECTION = (0xD, "General Protection")
PAGE_FAULT = (0xE, "Page Fault")

# Error codes of page faults (Intel SDM 3A 4.7), here from ring 3 on a page that is not present.
USER_READ, USER_WRITE = 4, 6

WORD = "0x[0-9a-f]{8}"
FLAGS = f"  flag {WORD} ([A-Z]+,)*IOPL=0"
PLAIN = ("edi", "esi", "ebp", "oesp", "ebx", "edx", "ecx", "eax")
USER_TEXT, USER_DATA = 0x1B, 0x23
KERNEL_TEXT, KERNEL_DATA = 0x08, 0x10


def frame_patterns(trap: tuple[int, str], error: int, text: int, data: int) -> list[str]:
    """The lines of a trap frame with these selectors."""
    number, name = trap
    return [f"trapframe at {WORD}",
            *(f"  {register:<4} {WORD}" for register in PLAIN),
            *(f"  {register:<4} 0x----{selector:04x}"
              for register, selector in {"ds": data, "es": data, "fs": 0, "gs": 0}.items()),
            f"  trap {number:#010x} {name}",
            f"  err  {error:#010x}",
            f"  eip  {WORD}",
            f"  cs   0x----{text:04x}",
            FLAGS]


def assert_lines(lines, patterns: list[str]) -> list[str]:
    """Consecutive lines match the patterns, from the first match of the first pattern on. Returns the lines."""
    start = lines.lines.index(lines.once(re.compile(f"^{patterns[0]}$")))
    found = lines.lines[start:start + len(patterns)]
    for line, pattern in itertools.zip_longest(found, patterns, fillvalue="(nothing)"):
        assert re.fullmatch(pattern, line), f"expected the line /{pattern}/, seen {line!r}"
    return found


def number_of(lines: list[str], register: str) -> int:
    """The value of a register in a printed frame."""
    return next(int(line.split()[1], 16) for line in lines if line.split()[0] == register)


def is_in_main(program: Path, address: int) -> bool:
    """Whether `address` is in the program's main()."""
    with program.open("rb") as file:
        main, = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("main")
    return 0 <= address - main["st_value"] < main["st_size"]


def assert_dies(run, build, program: str, why: str, trap: tuple[int, str], error: int,
                **machine):
    """Run `program`: this trap in main() kills it; the machine continues and powers off. (D02)"""
    out = run(program, expect=PROGRAM_FAILED, **machine)
    out.lines.in_order(f'kernel_execve: pid = {FIRST}, name = "{program}".',
                       f'pid {FIRST} "{program}" dies: {why}', re.compile("^trapframe at"), "killed by kernel.",
                       f'init: program "{program}" ended with exit code {KILLED}.')
    out.lines.never(re.compile("^user panic"))
    frame = assert_lines(out.lines, [*frame_patterns(trap, error, USER_TEXT, USER_DATA),
                                     f"  esp  {WORD}", f"  ss   0x----{USER_DATA:04x}", r"killed by kernel\."])
    assert is_in_main(build.folder / f"user/{program}.elf", number_of(frame, "eip"))
    return out


def assert_death_traced(trace, fault: str | None):
    """The process exits because of a fault and init reaps it; before it is the page fault, if there was one."""
    trace.in_order(*([fault] if fault else []), f"exit pid={FIRST} code={KILLED} reason=fault",
                   f"reap parent=1 child={FIRST} code={KILLED}")
    assert len(trace.all("fault outcome=segv")) == (1 if fault else 0)
    assert not trace.of("kill")
