# SPDX-License-Identifier: MIT
"""user/memory/maps.c: mmap and munmap do what Linux does, or fail.

D12: mappings never overlap unintentionally. D72: munmap with any address and length, holes included.
"""

import re

from calls import FIRST, calls
from sharing import PAGE_MASK, STACK_PAGE

PLACE = 0x40000000
INVAL, NO_MEM = -3, -4
SHARED, FIXED = 1, 0x10


def test_lines(run):
    out = run("maps")
    for what in ("no length", "neither private nor shared", "a fixed address inside a page"):
        out.lines.once(f"maps: mmap of {what} = -3")
    for what in ("inside a page", "of nothing", "of the kernel", "of a length that wraps", "beyond user space"):
        out.lines.once(re.compile(f"^maps: munmap {what} = -3$"))
    out.lines.in_order("maps: a hint that is taken is not followed = 1", "maps: the mapping that was there = 97",
                       "maps: the page before the hole = 98", "maps: the page behind the hole = 101",
                       "maps: what was not replaced = 222", "maps: the shared page = 99",
                       "maps: the private page = 112", "maps pass.")


def test_refused_calls_change_nothing(run):
    """The first calls all fail with -3 or -4, and allocate no page."""
    trace = run("maps").trace
    refused = [call for call in calls(trace, "mmap", "munmap") if call.result in (INVAL, NO_MEM)]
    assert len(refused) == 6 + 6 + 6
    assert refused == calls(trace, "mmap", "munmap")[:len(refused)]


def test_deaths_are_at_the_edges(run):
    """Children die at addresses that are unmapped or protected, and nowhere else."""
    trace = run("maps").trace
    faults = trace.all("fault outcome=segv")
    assert [(fault.va - PLACE) >> 12 for fault in faults[1:]] == [0, 1, 1, 2, 3, 8, 3]
    assert {fault.pid for fault in faults} == {exit_.pid for exit_ in trace.all("exit code=-9 reason=fault")}
    trace.one(f"exit pid={FIRST} code=0 reason=exit")


def test_shared_pages_are_not_copied(run):
    """While pages 0 and 1 are a MAP_SHARED mapping, fork does not copy them; private page 2 is copied. (P10)"""
    trace = run("maps").trace
    share = next(call for call in calls(trace, "mmap") if call.enter.arg0 == PLACE and call.enter.arg1 == 0x2000)
    copied = {copy.va & PAGE_MASK for copy in trace.of("page_copy") if copy.seq > share.enter.seq} - {STACK_PAGE}
    assert copied == {PLACE + 0x2000, PLACE + 0x3000} or copied == {PLACE + 0x2000}


def test_each_mapping_is_an_event(run):
    """A call that maps has one event `map`, of the region that it returns; others have none."""
    trace = run("maps").trace
    for call in calls(trace, "mmap", "munmap"):
        assert call.leave is not None and call.result is not None
        made = [event.start for event in trace.of("map") if call.enter.seq < event.seq < call.leave.seq and event.cpu_pid == FIRST]
        mapped = call.name == "mmap" and call.result not in (INVAL, NO_MEM)
        assert made == ([call.result & 0xffffffff] if mapped else []), str(call.enter)
