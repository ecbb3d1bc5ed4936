"""user/bin/oom.c: memory at its end is an error or one process's death, and all of it comes back.

D06: whoever touches more than there is dies, the others go on. D10, D73: a fork that does not fit
returns -4 and leaves its parent's memory as it was, in both builds of copy_range.
"""

import pytest
from calls import FIRST, call_around, results

NO_MEM, KILLED = -4, -9


def test_lines(run):
    out = run("oom", memory="16M")
    out.lines.in_order("oom: exit code of the one that takes all = -9", "oom: fork without memory = -4",
                       "oom: damaged pages of the parent = 0", "oom: fork once more = -4",
                       "oom: damaged pages after it = 0", "oom: damaged pages after writing to each = 0",
                       "oom: exit code of the one that forks at the end = 0",
                       "oom: exit code of another that takes all = -9", "oom: exit code of a child afterwards = 0",
                       "oom: user pages that did not come back = 0", "oom pass.")
    assert out.lines.count("killed by kernel.") == 2


@pytest.mark.parametrize("memory, cmdline", [("16M", ""), ("128M", "trace_kib=8192")], ids=["16M", "128M"])
def test_deaths(run, memory, cmdline):
    """Exactly the two that take all die: of a fault that found no frame, in their own code."""
    trace = run("oom", memory=memory, cmdline=cmdline).trace
    faults = trace.all("fault outcome=oom")
    children = [fork.child for fork in trace.all("fork", parent=FIRST)]
    assert [fault.pid for fault in faults] == [children[1], children[3]]
    for fault in faults:
        assert call_around(trace, fault) is None
        trace.in_order(f"exit pid={fault.pid} code={KILLED} reason=oom",
                       f"reap parent={FIRST} child={fault.pid} code={KILLED}", after=fault)
    trace.one(f"exit pid={FIRST} code=0 reason=exit")


def test_fork_at_the_end(run):
    """Forks work until one does not, then the next one does not either; the process ends by itself."""
    trace = run("oom", memory="16M").trace
    forker = trace.all("fork", parent=FIRST)[2].child
    forks = results(trace, "fork", forker)
    assert forks[-2:] == [NO_MEM, NO_MEM] and all(pid > 0 for pid in forks[:-2])
    assert len(trace.all("fork", parent=forker)) == len(forks) - 2
    trace.one(f"exit pid={forker} code=0 reason=exit")


def test_memory_is_back(run):
    """At the end as many frames are held as after a program that does nothing: none of the cache either. (P28)"""
    oom, hello = (run(name, memory="16M") for name in ("oom", "hello"))
    assert oom.trace.one("end").held == hello.trace.one("end").held
