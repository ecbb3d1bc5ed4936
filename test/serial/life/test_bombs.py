# SPDX-License-Identifier: MIT
"""user/life/bombs.c: one fork bomb after the other; older processes answer soon after each.

D07, D86: within 100 ms of virtual time after the end of a bomb, a command has run, a sleeper has answered, and
all memory is free again. `tools/run --memory 4M bombs all 100` runs a hundred bombs.
"""

import pytest
from calls import FIRST, TICK

KINDS = ["chain", "exec", "tree", "wide"]  # the order of `bombs all`
SMALL = {"memory": "4M", "cmdline": "trace_kib=1024"}
LIMIT_TICKS = 10


@pytest.fixture
def out(run, build):
    """All four kinds. A swap disk is small, so that each bomb fills it, too."""
    return run("bombs", "all", "4", **SMALL | {"memory": build.room("4M"), "swap": "1M" if build.swap else None})


def ends_of_children(trace):
    """The exits of the first program's children, in the order of their forks. Pids are reused."""
    return [next(exit_ for exit_ in trace.of("exit") if exit_.pid == fork.child and exit_.seq > fork.seq)
            for fork in trace.all("fork", parent=FIRST)]


def test_answers(out):
    """The time from the exit of a bomb to the end of the command after it, by the trace's time stamps."""
    _, *ends = ends_of_children(out.trace)  # the sleeper, then bombs and commands alternate
    assert len(ends) == 2 * len(KINDS)
    for bomb, command in zip(ends[0::2], ends[1::2]):
        assert 0 < command.stamp - bomb.stamp < LIMIT_TICKS * TICK
    out.lines.in_order(*(f"bomb: a new child after the bomb, {kind} = 42" for kind in KINDS),
                       "bombs: answers within 100 ms = 1",
                       "bombs: exit code of the one that slept all along = -9", "bombs pass.")


def test_shell(boot, build):
    """The shell on the serial line prompts within the same time, and runs the next command."""
    with boot("sh", memory=build.room("4M"), cmdline="trace_kib=1024", swap="1M" if build.swap else None) as live:
        live.expect("$ ")
        live.type("bomb tree\n")
        live.expect("$ ")
        live.type("nop\nexit\n")
        trace = live.end().trace
    bomb, command = ends_of_children(trace)
    assert bomb.code == command.code == 0
    reads = [call for call in trace.all("syscall_enter nr=read") if call.cpu_pid == FIRST and call.seq > bomb.seq]
    assert reads[0].stamp - bomb.stamp < LIMIT_TICKS * TICK
