# SPDX-License-Identifier: MIT
"""The boot archive inside a kernel: the names of its programs, and a kernel with another archive.

The format is cpio's "newc" (man 5 cpio, "New ASCII Format"); tools/build/mkarchive.py writes the kernel's own.
"""

from collections.abc import Mapping
from pathlib import Path

from elftools.elf.elffile import ELFFile

from . import LabError

HEADER_BYTES, FILESIZE_AT, NAMESIZE_AT = 110, 54, 94
TRAILER = "TRAILER!!!"


def member(name: str, content: bytes) -> bytes:
    """A file of an archive."""
    path = name.encode() + b"\0"
    numbers = [0, 0o100755, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0]
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + path
    return b"".join(part + bytes(-len(part) % 4) for part in (head, content))


def _place(kernel: Path) -> tuple[int, int]:
    """Offset and size of the archive in the kernel's ELF file."""
    with kernel.open("rb") as file:
        elf = ELFFile(file)
        table = elf.get_section_by_name(".symtab")
        found = [table and table.get_symbol_by_name(f"boot_archive_{name}") for name in ("start", "end")]
        start, end = (int(symbols[0]["st_value"]) if symbols else 0 for symbols in found)
        if not end:
            raise LabError(f"{kernel} has no boot archive: it is stripped, or not ucow")
        offset = next(iter(elf.address_offsets(start)), None)
    if offset is None:
        raise LabError(f"{kernel} has no boot archive")
    return offset, end - start


def programs(kernel: Path) -> list[str]:
    """The names of the programs in a kernel's boot archive."""
    offset, size = _place(kernel)
    data = kernel.read_bytes()[offset:offset + size]
    found, at = [], 0
    while at + HEADER_BYTES <= len(data):
        name_bytes, content_bytes = (int(data[at + i:at + i + 8], 16) for i in (NAMESIZE_AT, FILESIZE_AT))
        name = data[at + HEADER_BYTES:at + HEADER_BYTES + name_bytes - 1].decode()
        if name == TRAILER:
            break
        found.append(name)
        for part in (HEADER_BYTES + name_bytes, content_bytes):
            at += part + -part % 4
    return found


def with_archive(kernel: Path, files: Mapping[str, bytes]) -> bytes:
    """The kernel's ELF file with an archive of these files in the place of its own."""
    archive = b"".join(member(name, content) for name, content in files.items()) + member(TRAILER, b"")
    offset, size = _place(kernel)
    if len(archive) > size:
        raise LabError(f"{kernel}: no room for a boot archive of {len(archive)} bytes")
    image = bytearray(kernel.read_bytes())
    image[offset:offset + len(archive)] = archive
    return bytes(image)
