# SPDX-License-Identifier: MIT
"""user/swap/swapwork.c: children share more memory than there is, and all words they read are right. (D24, D26, P11)"""

import re

import pytest

PAGE, VISIT = 4096, 16


@pytest.fixture(autouse=True)
def swapping(build):
    build.need_swap()


def accesses(out) -> tuple[int, int, int]:
    """The numbers of accesses, pages in and pages out that the program printed."""
    words = out.lines.once(re.compile("pages out$")).split()
    return int(words[1]), int(words[3]), int(words[6])


def test_four_times_the_memory_and_32_sharers(run, build):
    """A million checked accesses to 32 MiB, in a machine with 8 MiB."""
    pages, children, visits = 32 * 1024 * 1024 // PAGE, 32, 1960
    out = run("swapwork", str(pages), str(children), str(visits), memory=build.room("8M"), swap="256M",
              cmdline="trace=off")
    out.lines.once(f"swapwork: children that found every word right = {children}")
    n, pages_in, pages_out = accesses(out)
    assert n == children * visits * VISIT and n > 1_000_000
    assert pages_in > pages and pages_out > pages


def test_what_fits_does_not_go(run):
    """With enough memory nothing is swapped out."""
    out = run("swapwork", "512", "4", "100", memory="64M")
    assert accesses(out)[1:] == (0, 0)
