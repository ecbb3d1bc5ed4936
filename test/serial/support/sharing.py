# SPDX-License-Identifier: MIT
"""Checks of fork's effect on memory: copy-on-write shares pages until they are written, else fork copies them."""

from explain import expect, process_name
from ucow.naming import page_name

STACK_PAGE = 0xAFFFF000
PAGE_MASK = ~0xFFF
KERNEL_THREADS = (0, 1)


def assert_only_stacks_split(build, trace):
    """Only the top page of the stack was written by both sides of a fork.

    With copy-on-write every sharer copies it when it writes, and the last one reuses it, in any order:
    one fault for each child and one copy for each fork. Without, each fork copied all pages that are written,
    the stack's top page among them, and no fault copies.
    """
    forks = [record for record in trace.of("fork") if record.parent not in KERNEL_THREADS]
    copies = trace.of("page_copy")
    reuses = trace.all("fault outcome=reuse")
    if build.cow:
        assert_split_by_faults(trace, forks, copies, reuses)
    else:
        assert_copied_by_forks(trace, forks, copies, reuses)


def assert_split_by_faults(trace, forks, copies, reuses):
    other = next((record for record in copies + reuses if record.va & PAGE_MASK != STACK_PAGE), None)
    expect(other is None, f"copies of {page_name(STACK_PAGE)} only", f"one of {page_name(other.va)}" if other else "",
           trace, other)
    expect(len(copies) == len(forks), f"{len(forks)} copies of {page_name(STACK_PAGE)}: one for each fork",
           f"{len(copies)} copies", trace, forks[0] if forks else None)
    writers = [record.cpu_pid for record in copies + reuses]
    for fork in forks:
        faults = writers.count(fork.child)
        expect(faults == 1, f"one write fault of {process_name(trace, fork.child)} at {page_name(STACK_PAGE)}",
               f"{faults}", trace, fork)
        expect(fork.parent in writers, f"a write fault of {process_name(trace, fork.parent)} at "
               f"{page_name(STACK_PAGE)}, which it shares after its fork", "none", trace, fork)
    expect(bool(reuses), f"that the last process that maps {page_name(STACK_PAGE)} takes it back (reuse)",
           "copies only", trace, copies[-1] if copies else None)


def assert_copied_by_forks(trace, forks, copies, reuses):
    pages = {record.va & PAGE_MASK for record in copies}
    expect(STACK_PAGE in pages, f"a copy of {page_name(STACK_PAGE)}", "none", trace, forks[0] if forks else None)
    parents = [fork.parent for fork in forks for _ in pages]
    seen = [record.cpu_pid for record in copies]
    expect(seen == parents, f"{len(pages)} copies made by each fork, in the parent: {parents}",
           f"copies by the pids {seen}", trace, copies[0] if copies else None)
    faults = reuses + trace.all("fault outcome=copy")
    expect(not faults, "no page fault that copies or takes back a page: the kernel copies at fork",
           f"{len(faults)} of them", trace, faults[0] if faults else None)
