# SPDX-License-Identifier: MIT
"""user/life/races.c: kills at arbitrary times between processes that share memory and fork.

D80: an exit or a kill at any point of another process's fork or fault frees no page that is still mapped: the
survivor's memory is unchanged, and all pages are freed. D84: a process that is killed in wait() does not hang.
"""

from calls import FIRST, with_calls

INIT, ROUNDS = 1, 60
CLONE_VM = 0x100
SPACE = "trace_kib=4096"


def test_lines(run):
    out = run("races", cmdline=SPACE)
    out.lines.in_order("races: pages changed by others = 0", "races: user pages that did not come back = 0",
                       "races pass.")


def test_both_are_killed_in_each_round(run):
    """Each round kills a process and its thread. The thread is reaped by its parent or by init."""
    trace = run("races", cmdline=SPACE).trace
    assert len(trace.all("kill", by=FIRST)) == 2 * ROUNDS
    threads = {fork.child for fork in trace.all("fork", flags=CLONE_VM)}
    pairs = {fork.child for fork in trace.all("fork", parent=FIRST)}
    assert {kill.pid for kill in trace.of("kill")} == threads | pairs
    assert {exit_.pid for exit_ in trace.all("exit reason=kill code=-9")} == threads | pairs


def test_they_die_in_different_places(run):
    """Some are killed in a system call, some asleep in one, some in user mode; else the sweep would test little."""
    trace = run("races", cmdline=SPACE).trace
    places = {inside.get(record.pid, "its own code") for record, inside in with_calls(trace, "kill")}
    assert {"wait", "yield", "its own code"} <= places


def test_orphans_are_reaped(run):
    """Grandchildren whose parent was killed are reaped by init."""
    trace = run("races", cmdline=SPACE).trace
    assert trace.of("reparent")
    assert {reap.child for reap in trace.all("reap", parent=INIT)} >= {record.child for record in trace.of("reparent")}
