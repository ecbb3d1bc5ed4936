# SPDX-License-Identifier: MIT
"""What fork does to memory: with copy-on-write it shares pages until they are written, else it copies."""

STACK_PAGE = 0xAFFFF000
PAGE_MASK = ~0xFFF
KERNEL_THREADS = (0, 1)


def assert_only_stacks_split(build, trace):
    """Of all pages only the top one of the stack was written by both sides of a fork.

    With copy-on-write every sharer that writes copies it, and the last one takes it back, in
    whatever order they run: each child faults once, and each fork costs one copy. Without, the
    parent copied it in fork, and no fault ever copies.
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
