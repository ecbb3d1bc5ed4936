# SPDX-License-Identifier: MIT
"""user/life/killed.c: a killed process ends at once, whatever it was doing.

D47: it executes nothing in user mode again, and needs no timer tick to die. D51: a spinning process is preempted
within a few ticks. D84: a kill ends a sleep, a wait and a read.
"""

import pytest
from calls import FIRST, TICK, between, calls, last_exit

KILLED = -9
VICTIMS = ["newborn", "sleeper", "reader", "waiter", "waiter's child", "spinner", "yielder"]
CALL_OF = {"sleeper": "sleep", "reader": "read", "waiter": "wait"}
TURN_TICKS = 6  # a time slice of five, and the rest of the tick in which it began


def victim(trace, name):
    """The kill and the exit of the victim with this name."""
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
    """Between kill and exit the victim makes no system call, has no fault, and gets the CPU once."""
    trace = run("killed").trace
    kill, exit_ = victim(trace, name)
    assert (exit_.code, exit_.shown("reason")) == (KILLED, "kill")
    events = between(trace, kill, exit_, "syscall_enter", "fault", "fork", "exec")
    assert not [event for event in events if event.cpu_pid == kill.pid]
    assert len([switch for switch in between(trace, kill, exit_, "switch") if switch["to"] == kill.pid]) == 1


@pytest.mark.parametrize("name", ["newborn", "sleeper", "reader", "waiter", "yielder"])
def test_no_tick_is_needed(run, name):
    """The victim exits as soon as the killer yields the CPU, well before the next tick."""
    trace = run("killed").trace
    kill, exit_ = victim(trace, name)
    assert exit_.stamp - kill.stamp < TICK


@pytest.mark.parametrize("name", CALL_OF)
def test_sleepers_are_woken(run, name):
    """The kill wakes the sleeper, which exits instead of returning from its call."""
    trace = run("killed").trace
    kill, exit_ = victim(trace, name)
    _, leave, _ = trace.in_order(f"wake pid={kill.pid} by={FIRST}", f"syscall_leave nr={CALL_OF[name]}",
                                 f"exit pid={kill.pid}", after=kill)
    assert leave.cpu_pid == kill.pid and exit_.seq == leave.seq + 1


def test_spinner(run):
    """It is preempted at the end of its time slice without a system call, and killed without running again."""
    trace = run("killed").trace
    kill, exit_ = victim(trace, "spinner")
    start = trace.all("switch", to=kill.pid)[0]
    preempted = trace.in_order(f"state pid={kill.pid} from=RUNNING to=RUNNABLE", after=start)[0]
    assert preempted.stamp - start.stamp < TURN_TICKS * TICK
    assert preempted.seq < kill.seq
    assert not calls(trace, pid=kill.pid)
    assert exit_.stamp - kill.stamp < TICK


def test_orphan_of_the_waiter(run):
    """The waiter's child outlives it as a child of init, which reaps it."""
    trace = run("killed").trace
    waiter, (child, _) = victim(trace, "waiter")[1], victim(trace, "waiter's child")
    trace.one(f"reparent child={child.pid}", from_=waiter.pid, to=1)
    trace.in_order(f"exit pid={child.pid} code={KILLED} reason=kill", f"wake pid=1 by={child.pid}",
                   f"reap parent=1 child={child.pid} code={KILLED}")
