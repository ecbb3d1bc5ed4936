# SPDX-License-Identifier: MIT
"""user/lab5/waitkill.c: a child kills its parent, which sleeps in wait, and its sibling, which makes no system call.

D47, D51: the sibling dies on return from an interrupt, within a second. D84: the parent dies in wait instead
of hanging there.
"""

from ucow.machine import PROGRAM_FAILED

INIT, PARENT, SIBLING, KILLER = 1, 2, 3, 4
KILLED = -9


def waitkill(run):
    """The first program is killed, so its code is not 0."""
    return run("waitkill", expect=PROGRAM_FAILED)


def test_lines(run):
    out = waitkill(run)
    for line in ("child 1.", "child 2.", "wait child 1.", "kill parent ok.", "kill child1 ok."):
        out.lines.once(line)
    out.lines.in_order("child 2.", "kill parent ok.", "kill child1 ok.")


def test_parent_dies_in_its_sleep(run):
    """kill wakes the parent, which exits with -9 before another call; init adopts its children and reaps it."""
    trace = waitkill(run).trace
    trace.in_order(f"sleep pid={PARENT}", f"kill by={KILLER} pid={PARENT}", f"wake pid={PARENT} by={KILLER}",
                   f"exit pid={PARENT} code={KILLED} reason=kill", f"reap parent={INIT} child={PARENT} code={KILLED}")
    kill = trace.one(f"kill by={KILLER} pid={PARENT}")
    assert not [record for record in trace.of("syscall_enter") if record.cpu_pid == PARENT and record.seq > kill.seq]
    for child in (SIBLING, KILLER):
        trace.one(f"reparent child={child}", from_=PARENT, to=INIT)


def test_sibling_dies_spinning(run):
    """It makes no further system call, exits, and is reaped by init."""
    trace = waitkill(run).trace
    kill = trace.one(f"kill by={KILLER} pid={SIBLING}")
    trace.in_order(f"exit pid={SIBLING} code={KILLED} reason=kill", f"reap parent={INIT} child={SIBLING} code={KILLED}",
                   after=kill)
    assert not [record for record in trace.of("syscall_enter") if record.cpu_pid == SIBLING and record.seq > kill.seq]


def test_killer_lives(run):
    """Both kills work; the killer exits normally, as an orphan."""
    trace = waitkill(run).trace
    kills = [record.result for record in trace.all("syscall_leave nr=kill") if record.cpu_pid == KILLER]
    assert kills == [0, 0]
    trace.in_order(f"exit pid={KILLER} code=0 reason=exit", f"reap parent={INIT} child={KILLER} code=0")


def test_time(run, build):
    """Everything is over in less than a second of virtual time: 100 ticks."""
    build.need_plain("how long a run takes")
    trace = waitkill(run).trace
    assert 0 < trace.of("reap")[-1].stamp < 100 * trace.tsc_per_tick
