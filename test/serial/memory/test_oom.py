# SPDX-License-Identifier: MIT
"""user/memory/oom.c: exhausted memory gives an error or kills one process, and all memory is freed afterwards.

D06: a process that touches more memory than there is dies, the others continue. D10, D73: a fork without memory
returns -4 and leaves its parent's memory unchanged, in both builds of copy_range.
"""

import re

import pytest
from calls import FIRST, call_around, results

NO_MEM, KILLED = -4, -9
DIES = re.compile(r'^pid (\d+) "oom" dies: out of memory for its (read of|write to) 0x[0-9a-f]{8}$')


MACHINES = {"no disk": {"memory": "18M", "swap": None, "cmdline": "trace_kib=4096"},  # 14 MiB beside the ring
            # 4 MiB beside the ring, and the disk is full as well
            "disk": {"memory": "12M", "swap": "4M", "cmdline": "trace_kib=8192"}}


@pytest.mark.parametrize("name", MACHINES)
def test_deaths(run, build, name):
    """Exactly the three processes that use all memory die, of a fault without a free frame in user mode (in a system
    call it would be an error). The console and the trace name them and the reason."""
    if name == "disk":
        build.need_swap()
    machine = MACHINES[name]
    out = run("oom", **machine | {"memory": build.room(machine["memory"])})
    out.lines.in_order("oom: exit code of the one that takes all = -9", "oom: fork without memory = -4",
                       "oom: damaged pages of the parent = 0", "oom: fork once more = -4",
                       "oom: damaged pages after it = 0", "oom: damaged pages after writing to each = 0",
                       "oom: exit code of the one that forks at the end = 0",
                       "oom: exit code of another that takes all = -9",
                       "oom: exit code of the one whose calls all fail = -9",
                       "oom: exit code of a child afterwards = 0",
                       "oom: user pages that did not come back = 0", "oom pass.")
    assert out.lines.count("killed by kernel.") == 3
    trace = out.trace
    faults = [fault for fault in trace.all("fault outcome=oom") if call_around(trace, fault) is None]
    children = [fork.child for fork in trace.all("fork", parent=FIRST)]
    assert [fault.pid for fault in faults] == [children[1], children[3], children[4]]
    assert [int(DIES.match(line)[1]) for line in out.lines.all(DIES)] == [fault.pid for fault in faults]
    for fault in faults:
        trace.in_order(f"exit pid={fault.pid} code={KILLED} reason=oom",
                       f"reap parent={FIRST} child={fault.pid} code={KILLED}", after=fault)
    assert len(trace.all("exit reason=oom")) == len(faults)
    trace.one(f"exit pid={FIRST} code=0 reason=exit")


def test_fork_at_the_end(run):
    """Forks work until one fails; then the next one fails, too. The process exits normally."""
    trace = run("oom", **MACHINES["no disk"]).trace
    forker = trace.all("fork", parent=FIRST)[2].child
    forks = results(trace, "fork", forker)
    assert forks[-2:] == [NO_MEM, NO_MEM] and all(pid > 0 for pid in forks[:-2])
    assert len(trace.all("fork", parent=forker)) == len(forks) - 2
    trace.one(f"exit pid={forker} code=0 reason=exit")


def test_every_call(run):
    """mmap, fork and exec fail with -4 and brk does not move; the write after them kills."""
    trace = run("oom", **MACHINES["no disk"]).trace
    last = trace.all("fork", parent=FIRST)[4].child
    mapped = results(trace, "mmap", last)
    assert len(mapped) > 100 and mapped[-1] == NO_MEM
    before, after = results(trace, "brk", last)
    assert before == after
    assert results(trace, "fork", last) == results(trace, "exec", last) == [NO_MEM]
    trace.in_order(f"fault pid={last} outcome=oom", f"exit pid={last} code={KILLED} reason=oom")


def test_memory_is_back(run):
    """At the end as many frames are in use as after a program that does nothing, the cache included. (P28)"""
    oom, hello = (run(name, **MACHINES["no disk"]) for name in ("oom", "hello"))
    assert oom.trace.one("end").held == hello.trace.one("end").held
