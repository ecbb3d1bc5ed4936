# SPDX-License-Identifier: MIT
"""The swap disk: which disk the kernel uses, and how much of it."""

import re

import pytest


@pytest.fixture(autouse=True)
def swapping(build):
    build.need_swap()


def test_the_kernel_says_how_much_there_is(run):
    run("hello", swap="16M").lines.once("swap: 16380 KiB on the second IDE disk")


@pytest.mark.parametrize("first_bytes", [b"UCOWSWAP", bytes(16)])
def test_a_disk_meant_for_it_is_taken(run, tmp_path, first_bytes):
    image = tmp_path / "disk"
    image.write_bytes(first_bytes.ljust(1 << 20, b"\0"))
    run("swaporder", swap_image=image).lines.once("swap: 1020 KiB on the second IDE disk")
    assert image.read_bytes()[:len(first_bytes)] == first_bytes


@pytest.mark.parametrize("data", [b"\xebR\x90NTFS    ", bytes(510) + b"\x55\xaaEFI PART", bytes(1080) + b"\x53\xef"],
                         ids=["NTFS", "GPT", "ext4"])
def test_somebody_elses_disk_is_left_alone(run, tmp_path, data):
    """The kernel writes nothing to a disk that may hold data."""
    image, data = tmp_path / "disk", data.ljust(1 << 20, b"\0")
    image.write_bytes(data)
    run("swaporder", swap_image=image).lines.once(
        "swap: the second disk holds something else: not used (its first page is to be zeros)")
    assert image.read_bytes() == data


def test_a_disk_larger_than_its_map_may_be(run):
    """The slot map takes at most an eighth of memory; the kernel reports the part of the disk that it does not use."""
    run("hello", memory="8M", swap="1G").lines.once(
        re.compile("^swap: .* on the second IDE disk, the rest of it is not used$"))
