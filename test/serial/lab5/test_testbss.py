# SPDX-License-Identifier: MIT
"""user/lab5/testbss.c: 4 MiB of bss are zero and keep what is written; a write past them ends the process.

D15: each new page is zero. D39: a segment without bytes in the file is mapped. D02: no other process dies.
"""

from trapframes import FIRST, PAGE_FAULT, USER_WRITE, assert_death_traced, assert_dies
from ucow.machine import symbols_of

ARRAY_BYTES = 4 << 20
PAGE = 4096


def behind_array(build):
    """The address of the wild write: one page past the array."""
    return symbols_of(build.folder / "user/testbss.elf").address("array") + ARRAY_BYTES + PAGE


def testbss(run, build):
    va = behind_array(build)
    return assert_dies(run, build, "testbss", f"write to {va:#010x}, which is not its to write", PAGE_FAULT,
                       USER_WRITE, memory="16M")  # the array alone has 4 MiB


testbss.__test__ = False  # a fixture, although its name begins with "test"


def test_lines(run, build):
    out = testbss(run, build)
    out.lines.in_order("Making sure bss works right...", "Yes, good.  Now doing a wild write off the end...",
                       "testbss may pass.", "killed by kernel.")


def test_pages_come_on_demand(run, build):
    """Each page of the array is filled by one fault, in the order of the first reads."""
    trace = testbss(run, build).trace
    start = behind_array(build) - ARRAY_BYTES - PAGE
    filled = [record.va & -PAGE for record in trace.all(f"fault pid={FIRST} outcome=fill")
              if start & -PAGE <= record.va < start + ARRAY_BYTES]
    assert filled == list(range(start & -PAGE, start + ARRAY_BYTES, PAGE))


def test_trace(run, build):
    trace = testbss(run, build).trace
    assert_death_traced(trace, f"fault pid={FIRST} va={behind_array(build):#x} error={USER_WRITE} outcome=segv")
