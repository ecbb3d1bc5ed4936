# SPDX-License-Identifier: MIT
"""user/swap/wrongdisk.c: what was never written to the swap disk is not read from it, whatever the disk says. (D108)"""

import os
import re
import struct

import pytest

PAGES, SECTOR, VALUE = 256, 512, 0x5EC2E7
KILLED = -9


@pytest.fixture(autouse=True)
def swapping(build):
    build.need_swap()


def nothing(image):
    """The disk stays as it is."""


def truncate(image):
    """Only the first page, which tells whose disk it is, is left."""
    os.truncate(image, 4096)


def overwrite(image):
    """Data of another owner is everywhere."""
    with image.open("r+b") as disk:
        disk.seek(4096)
        disk.write(b"data of another owner! " * 4096)


def zero(image):
    """The disk is empty again."""
    with image.open("r+b") as disk:
        disk.write(bytes(4096 * PAGES))


def one_sector(image):
    """The last sector of the page is lost: the sum has words of each."""
    data = bytearray(image.read_bytes())
    last = data.index(struct.pack("<3I", VALUE, VALUE + 1, VALUE + 2)) + 4096 - SECTOR
    data[last:last + SECTOR] = bytes(SECTOR)
    image.write_bytes(data)


CHANGES = [(nothing, 0), (truncate, KILLED), (overwrite, KILLED), (zero, KILLED), (one_sector, KILLED)]


@pytest.mark.parametrize("change, code", CHANGES,
                         ids=lambda value: getattr(value, "__name__", ""))
def test_who_reads_dies_of_wrong_bytes(boot, tmp_path, change, code):
    """The process that needs the page dies as of a read error, its slot is freed, and no other process notices."""
    image = tmp_path / "disk"
    image.write_bytes(bytes(4096 * PAGES))
    with boot("wrongdisk", swap_image=image) as live:
        live.expect("wrongdisk: the page is on the disk\n")
        change(image)
        live.type("x")
        out = live.end()
    out.lines.in_order(f"wrongdisk: the process that read it ended with {code}", "wrongdisk pass.")
    if code == KILLED:
        out.lines.once(re.compile("dies: read of 0x[0-9a-f]{8}, which the swap disk cannot read back$"))
