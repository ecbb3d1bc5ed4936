# SPDX-License-Identifier: MIT
"""The stack at a program's first instruction, byte by byte.

System V i386 ABI, figure 3-31, and kernel/proc/exec.c: from esp, which is aligned to 16, upwards argc, the pointers
argv, NULL, the environment's, NULL, the auxiliary vector, and AT_NULL. The strings end at the end of user space,
rounded up to 16 bytes. A program for Linux has 16 random bytes right below them; for ucow, the environment and the
vector are empty. Everything else is 0.
"""

import re
import struct
from collections.abc import Sequence
from pathlib import Path

from elftools.elf.elffile import ELFFile

USERTOP = 0xB0000000
RANDOM_BYTES = 16
WORDS_OF_AUXV = 28  # the room that exec.c leaves; two are for AT_NULL


def strings_at(strings: Sequence[str]) -> int:
    """Where the strings begin."""
    return USERTOP - (sum(len(string) + 1 for string in strings) + 15) // 16 * 16


def stack_bytes(esp: int, argv: Sequence[str], environment: Sequence[str], auxv: Sequence[int], random: bytes) -> bytes:
    """The bytes from esp to the end of user space."""
    strings = [*argv, *environment]
    start = strings_at(strings)
    pointers = [start + sum(len(string) + 1 for string in strings[:i]) for i in range(len(strings))]
    words = [len(argv), *pointers[:len(argv)], 0, *pointers[len(argv):], 0, *auxv]
    text = b"".join(string.encode() + b"\0" for string in strings)
    low = struct.pack(f"<{len(words)}I", *words)
    gap = start - len(random) - esp - len(low)
    assert gap >= 0, "the words overlap the strings"
    return low + bytes(gap) + random + text.ljust(USERTOP - start, b"\0")


def own_stack(argv: Sequence[str]) -> tuple[int, bytes]:
    """esp, and the bytes from there on, of a program of ucow: two words of AT_NULL end the stack's words."""
    esp = (strings_at(argv) - 4 * (len(argv) + 5)) // 16 * 16
    return esp, stack_bytes(esp, argv, [], [0, 0], b"")


def printed_stack(lines, program: str) -> tuple[int, bytes]:
    """What a program printed: the address of its first word, and the bytes from there on."""
    rows = [re.fullmatch(rf"{program}: stack ([0-9a-f]{{8}}) ([0-9a-f]{{32}})", line) for line in lines]
    rows = [(int(row[1], 16), bytes.fromhex(row[2])) for row in rows if row]
    assert [at for at, _ in rows] == list(range(rows[0][0], USERTOP, 16))
    return rows[0][0], b"".join(row for _, row in rows)


def assert_own_stack(lines, program: str, argv: Sequence[str]):
    assert printed_stack(lines, program) == own_stack(argv)


def linux_auxv(program: Path, random_at: int) -> list[int]:
    """Tags and values, in the kernel's order; the tags are those of Linux's uapi/linux/auxvec.h."""
    with program.open("rb") as file:
        elf = ELFFile(file)
        first = min(segment["p_vaddr"] - segment["p_offset"] for segment in elf.iter_segments("PT_LOAD"))
        vector = {"PHDR": (3, first + elf["e_phoff"]), "PHENT": (4, 32), "PHNUM": (5, elf["e_phnum"]), "PAGESZ": (6, 4096),
                  "ENTRY": (9, elf["e_entry"]), "UID": (11, 0), "EUID": (12, 0), "GID": (13, 0), "EGID": (14, 0),
                  "CLKTCK": (17, 100), "SECURE": (23, 0), "RANDOM": (25, random_at), "NULL": (0, 0)}
    return [word for pair in vector.values() for word in pair]


def assert_linux_stack(lines, program: str, file: Path, argv: Sequence[str], environment: Sequence[str]):
    """Every byte, except that the random ones may be any but all the same."""
    esp, seen = printed_stack(lines, program)
    start = strings_at([*argv, *environment])
    random = seen[start - RANDOM_BYTES - esp:start - esp]
    assert esp == (start - RANDOM_BYTES - 4 * (len(argv) + len(environment) + 5 + WORDS_OF_AUXV)) // 16 * 16
    assert seen == stack_bytes(esp, argv, environment, linux_auxv(file, start - RANDOM_BYTES), random)
    assert len(set(random)) > 4
