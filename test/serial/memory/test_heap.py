# SPDX-License-Identifier: MIT
"""user/memory/heap.c: brk in edge cases. New heap is zero, freed heap is unmapped. (D71)"""

from calls import FIRST, results
from sharing import PAGE_MASK, STACK_PAGE

LARGE = {"memory": "16M"}  # the heap is filled to 4 MiB, twice
SEGV = "fault outcome=segv"


def test_lines(run):
    out = run("heap", **LARGE)
    assert out.lines.count("heap: brk stays for the program's text = 1") == 1
    out.lines.in_order("heap: brk moves by 4 MiB = 1", "heap: sum of the heap = 195",
                       "heap: sum of the filled heap = 4194304", "heap: sum of what came back = 0")
    out.lines.in_order("heap: exit code of the child that grew its heap = 0", "heap: the parent's heap = 112",
                       "heap: the parent's break = 1", "heap pass.")


def test_what_is_given_back_is_gone(run):
    """The two children that read above the break die there; no other process does. (P25)"""
    trace = run("heap", **LARGE).trace
    faults = trace.all(SEGV)
    assert len(faults) == 2 and len({fault.va for fault in faults}) == 1
    for fault in faults:
        trace.in_order(f"fault pid={fault.pid} va={fault.va} outcome=segv",
                       f"exit pid={fault.pid} code=-9 reason=fault", f"reap parent={FIRST} child={fault.pid} code=-9")
    assert len(trace.all("exit reason=fault")) == 2


def test_pages_come_on_demand(run):
    """The 4 MiB are filled page by page when they are touched, and again after they were freed. (P01)"""
    trace = run("heap", **LARGE).trace
    start = results(trace, "brk")[0]
    fills = [fault for fault in trace.all("fault outcome=fill", pid=FIRST) if start <= fault.va <= start + (8 << 20)]
    assert len(fills) >= 1024 + 256
    assert len({fault.va & PAGE_MASK for fault in fills}) == 1024


def test_heap_of_a_child_is_its_own(run, build):
    """A child that writes to a heap page gets its own copy."""
    trace = run("heap", **LARGE).trace
    writer = trace.all("fork", parent=FIRST)[-1].child
    start = results(trace, "brk")[0]
    copies = [copy for copy in trace.of("page_copy") if copy.va & PAGE_MASK not in (STACK_PAGE,)]
    last = [copy for copy in copies if copy.va & PAGE_MASK == start & PAGE_MASK][-1]
    assert last.cpu_pid == (writer if build.cow else FIRST)
