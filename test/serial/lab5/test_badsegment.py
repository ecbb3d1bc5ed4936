# SPDX-License-Identifier: MIT
"""user/lab5/badsegment.c: loading the TSS into a data segment register ends the process. (D02)"""

from trapframes import GENERAL_PROTECTION, assert_death_traced, assert_dies

TSS_SELECTOR = 0x28


def badsegment(run, build):
    """The error code of the general protection fault is the bad selector (Intel SDM 3A 6.13)."""
    return assert_dies(run, build, "badsegment", "General Protection", GENERAL_PROTECTION, TSS_SELECTOR)


def test_lines(run, build):
    badsegment(run, build)


def test_trace(run, build):
    assert_death_traced(badsegment(run, build).trace, None)
