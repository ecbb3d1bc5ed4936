# SPDX-License-Identifier: MIT
"""user/lab5/faultreadkernel.c: reading the kernel's half ends the process. (D02, D18, D70)"""

import re

from trapframes import FIRST, PAGE_FAULT, USER_READ, assert_death_traced, assert_dies

VPT = 0xFAC00000


def faultreadkernel(run, build):
    return assert_dies(run, build, "faultreadkernel", f"read of {VPT:#010x}, which is not its to read", PAGE_FAULT,
                       USER_READ)


def test_lines(run, build):
    """It never prints what it read."""
    faultreadkernel(run, build).lines.never(re.compile("I read"))


def test_trace(run, build):
    """No page is allocated for the address."""
    trace = faultreadkernel(run, build).trace
    assert_death_traced(trace, f"fault pid={FIRST} va={VPT:#x} error={USER_READ} outcome=segv")
