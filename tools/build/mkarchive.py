#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Packs programs into ucow's boot archive, a cpio archive in the "newc" format.

A member is the ELF file NAME.elf without sections (symbols and debug information), and without the zeros with which linkers
align segments to pages, unless its headers belong to a segment; its name is NAME. Members are in the
order of the command line. Time and owner of a file are not recorded: equal programs give an equal archive. Each member
is also written as the file NAME in the archive's folder.
"""

import argparse
import struct
import sys
from pathlib import Path

REGULAR_EXECUTABLE = 0o100755
ELF32 = b"\x7fELF\x01\x01"
# Offsets in the header of an ELF file and in a program header: System V ABI, chapter 4.
E_PHOFF, E_SHOFF, E_PHENTSIZE, E_PHNUM, E_SHNUM = 28, 32, 42, 44, 48
P_OFFSET, P_VADDR, P_FILESZ, P_ALIGN = 4, 8, 16, 28
ALIGN = 32  # of the segments of a member
TRAILER = "TRAILER!!!"


def padded(data: bytes) -> bytes:
    """The data with padding: the format aligns headers and contents to four bytes."""
    return data + bytes(-len(data) % 4)


def member(name: str, content: bytes, inode: int, mode: int) -> bytes:
    """One member: magic, thirteen numbers of eight hexadecimal digits, name with its NUL, content."""
    path = name.encode() + b"\0"
    links, checksum = 1, 0
    owner = group = mtime = device_major = device_minor = special_major = special_minor = 0
    numbers = (inode, mode, owner, group, links, mtime, len(content),
               device_major, device_minor, special_major, special_minor, len(path), checksum)
    header = b"070701" + b"".join(b"%08X" % number for number in numbers)
    return padded(header + path) + padded(content)


def stripped(path: Path) -> bytes:
    """The ELF file without sections and padding: its headers, and its segments one after the other."""
    elf = path.read_bytes()
    if not elf.startswith(ELF32):
        sys.exit(f"mkarchive: {path} is no 32-bit ELF file")
    (first,), (entry_bytes, entries) = struct.unpack_from("<I", elf, E_PHOFF), struct.unpack_from("<HH", elf, E_PHENTSIZE)
    end = first + entry_bytes * entries
    headers = range(first, end, entry_bytes)
    packed = bytearray(elf[:end])
    struct.pack_into("<I", packed, E_SHOFF, 0)
    struct.pack_into("<HH", packed, E_SHNUM, 0, 0)
    segments = {at: [struct.unpack_from("<I", elf, at + name)[0] for name in (P_OFFSET, P_VADDR, P_FILESZ)] for at in headers}
    if any(size > 0 and offset < end for offset, _, size in segments.values()):
        return bytes(packed + elf[end:max(offset + size for offset, _, size in segments.values())])
    for at, (offset, address, size) in segments.items():
        packed += bytes((address - len(packed)) % ALIGN)
        struct.pack_into("<I", packed, at + P_OFFSET, len(packed))
        struct.pack_into("<I", packed, at + P_ALIGN, ALIGN)
        packed += elf[offset:offset + size]
    return bytes(packed)


def archive(programs: dict[str, bytes]) -> bytes:
    """All members, and the trailer that marks the end."""
    members = [member(name, content, inode, REGULAR_EXECUTABLE)
               for inode, (name, content) in enumerate(programs.items(), start=1)]
    return b"".join(members) + member(TRAILER, b"", 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="the archive to write")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a program, NAME.elf")
    arguments = parser.parse_args()
    output, files = arguments.output, arguments.files
    names = [file.stem for file in files]
    for name in set(names):
        if names.count(name) > 1:
            sys.exit(f"mkarchive: two programs are called {name}: rename one")
    programs = {file.stem: stripped(file) for file in files}
    for name, content in programs.items():
        output.with_name(name).write_bytes(content)
    output.write_bytes(archive(programs))


if __name__ == "__main__":
    main()
