# SPDX-License-Identifier: MIT
"""Checks of fork's effect on memory: copy-on-write shares pages until they are written, else fork copies them."""

STACK_PAGE = 0xAFFFF000
PAGE_MASK = ~0xFFF
KERNEL_THREADS = (0, 1)


def assert_only_stacks_split(build, trace):
    """Only the top page of the stack was written by both sides of a fork.

    With copy-on-write every sharer copies it when it writes, and the last one reuses it, in any order:
    one fault for each child and one copy for each fork. Without, fork copied it, and no fault copies.
    """
    forks = [record for record in trace.of("fork") if record.parent not in KERNEL_THREADS]
    copies = trace.of("page_copy")
    reuses = trace.all("fault outcome=reuse")
    assert {record.va & PAGE_MASK for record in copies + reuses} == {STACK_PAGE}
    assert len(copies) == len(forks)
    if build.cow:
        writers = [record.cpu_pid for record in copies + reuses]
        assert all(writers.count(fork.child) == 1 and fork.parent in writers for fork in forks)
        assert reuses
    else:
        assert [record.cpu_pid for record in copies] == [fork.parent for fork in forks]
        assert not reuses + trace.all("fault outcome=copy")
