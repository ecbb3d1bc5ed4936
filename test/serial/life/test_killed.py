# SPDX-License-Identifier: MIT
"""user/life/killed.c: a killed process ends at once, whatever it was doing.

D47: it executes nothing of its own again, and no timer tick has to pass before it dies.
D51: the spinner gives the processor away within a few ticks. D84: a sleep, a wait and a read end by a kill.
"""

import pytest
from calls import FIRST, TICK, between, calls, last_exit

KILLED = -9
VICTIMS = ["newborn", "sleeper", "reader", "waiter", "waiter's child", "spinner", "yielder"]
CALL_OF = {"sleeper": "sleep", "reader": "read", "waiter": "wait"}
TURN_TICKS = 6  # five, and what is left of the one in which the turn began


def victim(trace, name):
    """The kill of the victim with that name, and its exit."""
    kill = trace.of("kill")[VICTIMS.index(name)]
    return kill, last_exit(trace, kill.pid)


def test_lines(run):
    out = run("killed")
    for name in VICTIMS:
        out.lines.once(f"killed: kill of the {name} = 0")
        if name != "waiter's child":
            out.lines.in_order(f"killed: exit code of the {name} = -9", f"killed: the {name} ends at once = 1")
    out.lines.once("killed pass.")


def test_every_kill_is_an_exit(run):
    trace = run("killed").trace
    assert len(trace.of("kill")) == len(VICTIMS)
    assert {exit_.pid for exit_ in trace.all("exit reason=kill")} == {kill.pid for kill in trace.of("kill")}


@pytest.mark.parametrize("name", VICTIMS)
def test_nothing_happens_in_between(run, name):
    """From kill to exit the victim neither calls the kernel nor faults, and it gets the CPU once."""
    trace = run("killed").trace
    kill, exit_ = victim(trace, name)
    assert (exit_.code, exit_.shown("reason")) == (KILLED, "kill")
    events = between(trace, kill, exit_, "syscall_enter", "fault", "fork", "exec")
    assert not [event for event in events if event.cpu_pid == kill.pid]
    assert len([switch for switch in between(trace, kill, exit_, "switch") if switch["to"] == kill.pid]) == 1


@pytest.mark.parametrize("name", ["newborn", "sleeper", "reader", "waiter", "yielder"])
def test_no_tick_is_needed(run, name):
    """The victim's end comes as soon as the killer gives the CPU away: well before the next tick."""
    trace = run("killed").trace
    kill, exit_ = victim(trace, name)
    assert exit_.stamp - kill.stamp < TICK


@pytest.mark.parametrize("name", CALL_OF)
def test_sleepers_are_woken(run, name):
    """The kill itself wakes the sleeper; the call it slept in ends, and so does the process, before its program sees a result."""
    trace = run("killed").trace
    kill, exit_ = victim(trace, name)
    _, leave, _ = trace.in_order(f"wake pid={kill.pid} by={FIRST}", f"syscall_leave nr={CALL_OF[name]}",
                                 f"exit pid={kill.pid}", after=kill)
    assert leave.cpu_pid == kill.pid and exit_.seq == leave.seq + 1


def test_spinner(run):
    """It loses the CPU within its turn without having called the kernel, and is killed without running again."""
    trace = run("killed").trace
    kill, exit_ = victim(trace, "spinner")
    start = trace.all("switch", to=kill.pid)[0]
    preempted = trace.in_order(f"state pid={kill.pid} from=RUNNING to=RUNNABLE", after=start)[0]
    assert preempted.stamp - start.stamp < TURN_TICKS * TICK
    assert preempted.seq < kill.seq
    assert not calls(trace, pid=kill.pid)
    assert exit_.stamp - kill.stamp < TICK


def test_orphan_of_the_waiter(run):
    """The waiter's child outlives it with init as its parent, and is reaped by it."""
    trace = run("killed").trace
    waiter, (child, _) = victim(trace, "waiter")[1], victim(trace, "waiter's child")
    trace.one(f"reparent child={child.pid}", from_=waiter.pid, to=1)
    trace.in_order(f"exit pid={child.pid} code={KILLED} reason=kill", f"wake pid=1 by={child.pid}",
                   f"reap parent=1 child={child.pid} code={KILLED}")
