#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Packs files into ucow's boot archive, a cpio archive in the "newc" format.

A member has the base name of its file; members are in the order of the command line. Time and owner of a file are
not recorded: equal programs give an equal archive.
"""

import argparse
import sys
from pathlib import Path

REGULAR_EXECUTABLE = 0o100755
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


def archive(files: list[Path]) -> bytes:
    """All members, and the trailer that marks the end."""
    members = [member(file.name, file.read_bytes(), inode, REGULAR_EXECUTABLE)
               for inode, file in enumerate(files, start=1)]
    return b"".join(members) + member(TRAILER, b"", 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="the archive to write")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a program")
    arguments = parser.parse_args()
    output, files = arguments.output, arguments.files
    names = [file.name for file in files]
    for name in set(names):
        if names.count(name) > 1:
            sys.exit(f"mkarchive: two programs are called {name}: rename one")
    output.write_bytes(archive(files))


if __name__ == "__main__":
    main()
