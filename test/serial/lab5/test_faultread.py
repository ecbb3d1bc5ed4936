# SPDX-License-Identifier: MIT
"""user/lab5/faultread.c: reading address 0 ends the process. (D02)"""

import re

from trapframes import FIRST, PAGE_FAULT, USER_READ, assert_death_traced, assert_dies


def faultread(run, build):
    return assert_dies(run, build, "faultread", "read of 0x00000000, which is not its to read", PAGE_FAULT, USER_READ)


def test_lines(run, build):
    """It never prints what it read."""
    faultread(run, build).lines.never(re.compile("from 0"))


def test_trace(run, build):
    assert_death_traced(faultread(run, build).trace, f"fault pid={FIRST} va=0 error={USER_READ} outcome=segv")
