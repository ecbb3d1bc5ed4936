# SPDX-License-Identifier: MIT
"""user/swap/diskerror.c: after a disk error the process that needs the page gets an error or dies, no other. (D27)"""

import re

import pytest

CHILDREN = 4
KILLED, SWAP_FAULT = -9, -7


@pytest.fixture(autouse=True)
def swapping(build):
    build.need_swap()


def ends(out) -> list[int]:
    """The exit codes of the children, in order."""
    return [int(out.lines.once(re.compile(f"^diskerror: child {i} ended")).split()[-1])
            for i in range(1, CHILDREN + 1)]


def test_without_errors(run):
    out = run("diskerror")
    assert ends(out) == [0] * CHILDREN
    out.lines.once("diskerror: slots lost: 0")


@pytest.mark.parametrize("n", [1, 3])
def test_the_reader_dies(run, n):
    """The process whose read fails is killed, and its slot is freed. (P23) The kernel itself makes read 1."""
    out = run("diskerror", swap_errors=[("read", n + 1)])
    assert ends(out) == [KILLED if i == n else 0 for i in range(1, CHILDREN + 1)]
    out.lines.once("diskerror: slots lost: 0")
    out.lines.once(re.compile("dies: read of 0x[0-9a-f]{8}, which the swap disk cannot read back"))
    dead = out.trace.one("exit reason=swap")
    assert out.trace.one("fault outcome=swap_fault").pid == dead.pid


def test_a_system_call_says_so(run):
    """The kernel's read for the second child's system call fails: the call returns -7."""
    out = run("diskerror", "call", swap_errors=[("read", 3)])
    assert ends(out) == [0, SWAP_FAULT, 0, 0]
    out.lines.once("diskerror: slots lost: 0")


def test_a_write_that_fails_costs_a_slot(run):
    """The page stays in memory with its contents; the bad slot is not used again. (P24)"""
    out = run("diskerror", swap_errors=[("write", 2)])
    assert ends(out) == [0, 1, 0, 0]
    out.lines.once("swap: slot 1 cannot be written: not used again")
    out.lines.once("diskerror: slots lost: 1")


def test_a_dead_disk_is_given_up(run):
    """If all writes fail, no more pages are swapped out, and all keep their contents."""
    out = run("diskerror", swap_errors=[("write", 1, True)])
    assert ends(out) == [1] * CHILDREN
    out.lines.once(f"diskerror: slots lost: {CHILDREN}")


def test_a_disk_that_cannot_be_read_is_not_used(run):
    out = run("swaporder", swap_errors=[("read", 1)])
    out.lines.once("swap: the disk's first page cannot be read: not used")
    out.lines.once("swaporder: pageout without a disk = -13")
