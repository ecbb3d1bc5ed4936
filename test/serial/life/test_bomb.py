# SPDX-License-Identifier: MIT
"""user/life/bomb.c: fork bombs end with an error of fork, and everything is released afterwards.

D07, D86: the machine continues with as many free frames as before. D81: a full process table gives -5.
"""

import re

import pytest
from calls import FIRST, calls

NO_MEM, NO_FREE_PROC = -4, -5
MAX_PROCS = 60
MACHINES = [("16M", "trace_kib=2048", NO_MEM), ("128M", "trace_kib=16384", NO_MEM), ("16M", f"max_procs={MAX_PROCS}", NO_FREE_PROC)]
MADE = re.compile(r"^bomb: processes made, \w+ = (\d+)$")


def made(out):
    """The number of processes that the bomb made."""
    [line] = out.lines.all(MADE)
    return int(MADE.match(line)[1])


@pytest.mark.parametrize("kind", ["wide", "chain"])
def test_lines(run, build, kind):
    out = run("bomb", kind, memory=build.room("16M"), cmdline="trace_kib=2048")
    assert made(out) > 300  # in every build, whatever its kernel stacks need
    out.lines.in_order(f"bomb: a new child after the bomb, {kind} = 42", "bomb pass.")


@pytest.mark.parametrize("memory, cmdline, error", MACHINES, ids=["16M", "128M", "60 processes"])
def test_wide(run, memory, cmdline, error):
    """One parent's last fork fails; it kills and reaps all its children, and can fork again."""
    out = run("bomb", "wide", memory=memory, cmdline=cmdline)
    count = made(out)
    forks = [call.result for call in calls(out.trace, "fork")]
    assert forks.count(error) == 1 and forks[count] == error and min(forks[:count]) > 0
    if error == NO_FREE_PROC:
        assert count + 2 == MAX_PROCS, "max_procs counts init, the bomb and its children"
    assert len(out.trace.all("kill", by=FIRST)) == count
    assert len(out.trace.all("reap", parent=FIRST)) == count + 1
    assert {exit_.shown("reason") for exit_ in out.trace.of("exit") if exit_.code == -9} == {"kill"}


@pytest.mark.parametrize("memory, cmdline, error", MACHINES, ids=["16M", "128M", "60 processes"])
def test_chain(run, memory, cmdline, error):
    """Each generation has one child, the last one none; each is reaped by its parent, the last one first."""
    out = run("bomb", "chain", memory=memory, cmdline=cmdline)
    failed = out.trace.one("syscall_leave nr=fork", result=error)
    forks = [fork for fork in out.trace.of("fork") if fork.parent >= FIRST and fork.seq < failed.seq]
    assert len(forks) == made(out) + 1
    assert [fork.parent for fork in forks[1:]] == [fork.child for fork in forks[:-1]]
    assert failed.cpu_pid == forks[-1].child
    reaps = [reap.child for reap in out.trace.of("reap") if reap.parent >= FIRST][:len(forks)]
    assert reaps == [fork.child for fork in reversed(forks)]


def test_memory_is_back(run):
    """After both bombs as many frames are in use as after a program that does nothing."""
    bomb, hello = (run(*program, memory="16M", cmdline="trace_kib=2048") for program in [("bomb", "wide"), ("hello",)])
    assert bomb.trace.one("end").held == hello.trace.one("end").held
