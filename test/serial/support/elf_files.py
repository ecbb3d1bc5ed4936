# SPDX-License-Identifier: MIT
"""Builds ELF files, valid ones and ones with wrong fields (System V ABI, chapters 4 and 5)."""

import struct
from dataclasses import dataclass, field, replace

HEADER = struct.Struct("<4sBBBB8sHHIIIIIHHHHHH")
SEGMENT = struct.Struct("<8I")
LOAD, INTERP, NOTE = 1, 3, 4
R, W, X = 4, 2, 1
CODE_AT, CODE_OFFSET = 0x800000, 0x1000

EXIT = bytes.fromhex("b801000000" "cd80")           # eax = 1; int 0x80
EXIT_77 = bytes.fromhex("ba4d000000") + EXIT        # edx = 77
GOOD = 77


def exit_77_after_bss(address: int) -> bytes:
    """Code that adds 77 to the word at `address`, which must be 0, and exits with the sum."""
    at = struct.pack("<I", address)
    return b"\x83\x05" + at + b"\x4d" + b"\x8b\x15" + at + EXIT  # [address] += 77; edx = [address]


def exit_with_word(address: int) -> bytes:
    """Code that adds the word at `address` to the next word, which must be 0, and exits with the sum."""
    at, behind = struct.pack("<I", address), struct.pack("<I", address + 4)
    return (b"\x8b\x15" + at + b"\x03\x15" + behind  # edx = [address]; edx += [behind]
            + b"\x89\x15" + behind + EXIT)           # [behind] = edx


def write_and_exit(address: int, count: int) -> bytes:
    """Code that prints `count` bytes at `address`, and exits with 0."""
    return (b"\xb8\x67\0\0\0\xba\x01\0\0\0"  # eax = 103, write; edx = 1
            + b"\xb9" + struct.pack("<I", address) + b"\xbb" + struct.pack("<I", count)  # ecx, ebx
            + b"\xcd\x80\x31\xd2" + EXIT)  # int 0x80; edx = 0


@dataclass(frozen=True)
class Segment:
    """A program header, and the bytes at its offset."""
    va: int = CODE_AT
    data: bytes = EXIT_77
    offset: int = CODE_OFFSET
    filesz: int | None = None
    memsz: int | None = None
    flags: int = R | X
    align: int = 0x1000
    type: int = LOAD

    def header(self) -> bytes:
        filesz = len(self.data) if self.filesz is None else self.filesz
        return SEGMENT.pack(self.type, self.offset, self.va, self.va, filesz,
                            filesz if self.memsz is None else self.memsz, self.flags, self.align)


@dataclass(frozen=True)
class Elf:
    """An ELF file; the fields are those of its header. The file is truncated at `end`."""
    segments: tuple[Segment, ...] = (Segment(),)
    magic: bytes = b"\x7fELF"
    bits: int = 1
    order: int = 1
    ident_version: int = 1
    type: int = 2
    machine: int = 3
    version: int = 1
    entry: int = CODE_AT
    phoff: int = HEADER.size
    ehsize: int = HEADER.size
    phentsize: int = SEGMENT.size
    phnum: int | None = None
    end: int | None = field(default=None)

    def file(self) -> bytes:
        phnum = len(self.segments) if self.phnum is None else self.phnum
        size = max([HEADER.size + SEGMENT.size * len(self.segments)]
                   + [s.offset + len(s.data) for s in self.segments if s.data])
        image = bytearray(size)
        HEADER.pack_into(image, 0, self.magic, self.bits, self.order, self.ident_version, 0, bytes(8), self.type,
                         self.machine, self.version, self.entry, self.phoff, 0, 0, self.ehsize, self.phentsize, phnum,
                         40, 0, 0)
        for i, segment in enumerate(self.segments):
            SEGMENT.pack_into(image, HEADER.size + i * SEGMENT.size, *SEGMENT.unpack(segment.header()))
            if segment.data:
                image[segment.offset:segment.offset + len(segment.data)] = segment.data
        return bytes(image[:self.end])


def one(**changes) -> Elf:
    """The valid file with changes to its only segment."""
    return Elf((replace(Segment(), **changes),))


def two(code: bytes = EXIT_77, **second) -> Elf:
    """The valid file with other code and a second segment."""
    return Elf((Segment(data=code), Segment(**second)))
