# SPDX-License-Identifier: MIT
"""user/life/threads.c: clone with CLONE_VM makes processes that share an address space.

D34: they fault, map, fork and exec in the same mm; in a checking build mm_fault() asserts that its caller holds
the mm's lock. D80: the exit of one frees nothing that the others have mapped.
"""

from calls import FIRST, between, calls

CLONE_VM = 0x100
THREADS, INVAL = 4, -3


def test_lines(run):
    out = run("threads")
    out.lines.in_order(*[f"threads: exit code of thread {n} = {100 + n}" for n in range(THREADS)],
                       "threads: the threads' common count = 8000", "threads: its mapping, after it = 32429",
                       "threads: exit code of the thread that faults = -9",
                       "threads: exit code of the thread that forks = 65", "threads: the count after it = 5",
                       "threads: exit code of the thread that runs args = 0", "threads: the count after exec = 5",
                       "threads pass.")


def test_clone_duplicates_nothing(run):
    """clone neither shares nor copies pages, in any build, and the refused calls create no process."""
    trace = run("threads").trace
    clones = calls(trace, "clone")
    assert [call.result for call in clones[-2:]] == [INVAL, INVAL]
    made = trace.all("fork", parent=FIRST, flags=CLONE_VM)
    assert [call.result for call in clones[:-2]] == [fork.child for fork in made]
    for call in clones:
        assert not between(trace, call.enter, call.leave, "share", "table_share", "page_copy")


def test_a_thread_dies_alone(run):
    trace = run("threads").trace
    fault = trace.one("fault outcome=segv")
    trace.in_order(f"exit pid={fault.pid} code=-9 reason=fault", f"reap parent={FIRST} child={fault.pid} code=-9",
                   after=fault)
    trace.one(f"exit pid={FIRST} code=0 reason=exit")


def test_exec_leaves_the_memory(run):
    """The last thread executes args; the others keep the shared memory."""
    trace = run("threads").trace
    thread = trace.all("fork", parent=FIRST, flags=CLONE_VM)[-1].child
    trace.in_order(f"fork parent={FIRST} child={thread}", f"exec pid={thread}", f"exit pid={thread} code=0 reason=exit")
    assert len(trace.of("exec")) == 2


def test_child_of_a_thread_has_a_copy(run, build):
    """fork in a thread is an ordinary fork: pages are shared until written, or copied at once."""
    trace = run("threads").trace
    fork = next(fork for fork in trace.of("fork") if fork.parent > FIRST)
    assert fork.flags == 0
    [call] = calls(trace, "fork", pid=fork.parent)
    kinds = ("share", "table_share") if build.cow else ("page_copy",)
    assert between(trace, call.enter, call.leave, *kinds)
