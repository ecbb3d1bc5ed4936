# SPDX-License-Identifier: MIT
"""user/lab5/softint.c: `int $14` from ring 3 is a general protection fault, not a page fault. (D02)"""

from trapframes import GENERAL_PROTECTION, assert_death_traced, assert_dies

# Intel SDM 3A 6.13: the gate's index, bit 1 for the IDT.
GATE_14 = 14 << 3 | 2


def softint(run, build):
    return assert_dies(run, build, "softint", "General Protection", GENERAL_PROTECTION, GATE_14)


def test_lines(run, build):
    softint(run, build)


def test_trace(run, build):
    """It causes no page fault."""
    assert_death_traced(softint(run, build).trace, None)
