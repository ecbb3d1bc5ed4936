# SPDX-License-Identifier: MIT
"""user/lab5/divzero.c: a division by zero, made in assembler, ends the process. (D02, D61)"""

from trapframes import DIVIDE_ERROR, assert_death_traced, assert_dies


def divzero(run, build):
    return assert_dies(run, build, "divzero", "Divide error", DIVIDE_ERROR, 0)


def test_lines(run, build):
    divzero(run, build)


def test_trace(run, build):
    assert_death_traced(divzero(run, build).trace, None)
