# SPDX-License-Identifier: MIT
"""user/swap/swapwork.c: children share more memory than there is, and every word they look at is right. (D24, D26, P11)"""

import re

import pytest

PAGE, VISIT = 4096, 16


@pytest.fixture(autouse=True)
def swapping(build):
    build.need_swap()


def accesses(out) -> tuple[int, int, int]:
    """Accesses, pages in, pages out, as the program says."""
    words = out.lines.once(re.compile("pages out$")).split()
    return int(words[1]), int(words[3]), int(words[6])


def test_four_times_the_memory_and_32_sharers(run, build):
    """A million checked accesses, to 32 MiB in a machine of 8."""
    pages, children, visits = 32 * 1024 * 1024 // PAGE, 32, 1960
    out = run("swapwork", str(pages), str(children), str(visits), memory=build.room("8M"), swap="256M",
              cmdline="trace=off")
    out.lines.once(f"swapwork: children that found every word right = {children}")
    n, pages_in, pages_out = accesses(out)
    assert n == children * visits * VISIT and n > 1_000_000
    assert pages_in > pages and pages_out > pages


def test_what_fits_does_not_go(run):
    """With memory for all of it nothing is written, whatever the size of the disk."""
    out = run("swapwork", "512", "4", "100", memory="64M")
    assert accesses(out)[1:] == (0, 0)
