# SPDX-License-Identifier: MIT
"""Pack files into a cpio archive in the "newc" format: the boot archive of ucow.

    mkarchive.py OUTPUT FILE...

A member is named by its file's base name and keeps the order of the command line. Nothing else
about a file is recorded, neither time nor owner: equal programs give an equal archive.
"""

import sys
from pathlib import Path

REGULAR_EXECUTABLE = 0o100755
TRAILER = "TRAILER!!!"


def padded(data: bytes) -> bytes:
    """The format aligns headers and contents to four bytes."""
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
    """All members, and the one that marks the end."""
    members = [member(file.name, file.read_bytes(), inode, REGULAR_EXECUTABLE)
               for inode, file in enumerate(files, start=1)]
    return b"".join(members) + member(TRAILER, b"", 0, 0)


def main() -> None:
    output, *files = map(Path, sys.argv[1:])
    names = [file.name for file in files]
    for name in set(names):
        if names.count(name) > 1:
            sys.exit(f"mkarchive: two programs are called {name}: rename one")
    output.write_bytes(archive(files))


if __name__ == "__main__":
    main()
