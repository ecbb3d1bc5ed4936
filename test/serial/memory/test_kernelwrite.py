# SPDX-License-Identifier: MIT
"""user/memory/kernelwrite.c: writes by the kernel to user memory act like the process's own stores.

D35: they go to the process's copy of a shared page. D79: never to the shared page itself, nor to a read-only one.
So with copy-on-write the kernel's own write faults and copies inside the system call.
"""

from calls import FIRST, call_around, calls
from sharing import PAGE_MASK, STACK_PAGE

INVAL = -3
WRITE_IN_KERNEL = 0b011  # Intel SDM 3A 4.7: present, write, not from user mode


def test_lines(run):
    out = run("kernelwrite")
    out.lines.in_order("kernelwrite: the parent's page after the kernel's write for the child = 1111",
                       "kernelwrite: the parent's page after the kernel's write for the parent = 42",
                       "kernelwrite: the child's page after it = 1111",
                       "kernelwrite: the MAP_SHARED page after the kernel's write for the child = 42",
                       "kernelwrite: first half in the parent = 0", "kernelwrite: second half in the parent = 0",
                       "kernelwrite: wait into the program's text = -3", "kernelwrite pass.")


def kernel_copies(trace):
    """The copies that faults of the kernel made, without the stack's, as (call, fault)."""
    faults = [fault for fault in trace.all("fault outcome=copy") if fault.error == WRITE_IN_KERNEL]
    return [(call_around(trace, fault), fault) for fault in faults if fault.va & PAGE_MASK != STACK_PAGE]


def test_copies_inside_calls(run, build):
    """In a wait of a child, in a wait of the parent, and in a meminfo whose structure spans two pages."""
    trace = run("kernelwrite").trace
    copied = kernel_copies(trace)
    assert [call.name for call, _ in copied] == (["wait", "wait", "meminfo", "meminfo"] if build.cow else [])
    assert all(call.result == 0 for call, _ in copied)
    if build.cow:
        child, parent, *structure = [fault for _, fault in copied]
        assert child.pid != FIRST and parent.pid == FIRST and child.va == parent.va
        assert structure[1].va & PAGE_MASK == (structure[0].va & PAGE_MASK) + 0x1000


def test_eager_copies_in_fork_only(run, build):
    """Without copy-on-write no page is shared, so the kernel has none to copy."""
    trace = run("kernelwrite").trace
    if not build.cow:
        assert {call_around(trace, copy).name for copy in trace.of("page_copy")} == {"fork"}
        assert not trace.all("fault outcome=copy")


def test_shared_page_is_never_copied(run):
    """The MAP_SHARED page is never copied."""
    trace = run("kernelwrite").trace
    shared = [call.result & 0xffffffff for call in calls(trace, "mmap")][1]
    assert shared not in {copy.va for copy in trace.of("page_copy")}


def test_read_only_pages_are_refused(run):
    """Three waits fail with -3 after a fault in the kernel, and a second wait reaps each zombie."""
    trace = run("kernelwrite").trace
    segv = trace.all("fault outcome=segv")
    around = [call_around(trace, fault) for fault in segv]
    assert [(call.name, call.result) for call in around] == [("wait", INVAL)] * 3
    refused = [call for call in calls(trace, "wait") if call.result == INVAL]
    for call in refused:
        trace.in_order("syscall_leave nr=wait result=-3", f"reap parent={FIRST} child={call.enter.arg0} code=42",
                       after=call.enter)
