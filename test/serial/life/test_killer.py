# SPDX-License-Identifier: MIT
"""user/life/killer.c: which processes kill() and wait() accept, and which they refuse.

D20: any process may kill any process, itself included, except init, idle and kernel threads. D03: kill of init or
idle returns -3. D48: kill of a dying or dead process returns -9, of an unknown pid -3. D83: wait for a process that
is no child returns -2 at once. D87: kill(INT_MIN) and wait(INT_MIN) name no process.
"""

from calls import FIRST, between, calls

INVAL, KILLED, BAD_PROC = -3, -9, -2


def test_lines(run):
    out = run("killer")
    for pid in (0, 1, -1, -999, -(1 << 31), (1 << 31) - 1, 99999):
        out.lines.once(f"killer: kill({pid}) = -3")
    out.lines.in_order("killer: kill of a zombie = -9", "killer: kill of a zombie once more = -9",
                       "killer: exit code of the zombie = 0", "killer: kill of the reaped = -3")
    out.lines.in_order("killer: kill of a child = 0", "killer: kill of the dying = -9",
                       "killer: exit code of the killed = -9")
    out.lines.once("killer: exit code after killing oneself = -9")
    out.lines.once("killer: wait(INT_MIN) = -2")
    out.lines.once("killer pass.")


def test_only_killable_are_killed(run):
    """Three kills take effect, each ends one process, and init still reaps."""
    trace = run("killer").trace
    kills = trace.of("kill")
    assert len(kills) == 3
    assert {kill.pid for kill in kills} == {exit_.pid for exit_ in trace.all("exit reason=kill")}
    assert not trace.all("exit", pid=1) + trace.all("exit", pid=0)
    trace.one(f"reap parent=1 child={FIRST} code=0")


def test_who_kills_itself(run):
    """It exits on return from its own kill()."""
    trace = run("killer").trace
    suicide = next(kill for kill in trace.of("kill") if kill.by == kill.pid)
    trace.in_order("syscall_leave nr=kill result=0", f"exit pid={suicide.pid} code=-9 reason=kill", after=suicide)
    exit_ = trace.one("exit", pid=suicide.pid)
    assert not between(trace, suicide, exit_, "switch", "syscall_enter", "sleep")


def test_results(run):
    """kill() distinguishes a zombie from a reaped process, and a dying one from a living one."""
    trace = run("killer").trace
    assert [call.result for call in calls(trace, "kill")] == [INVAL] * 7 + [KILLED, KILLED, INVAL] + [0, KILLED] + [0]


def test_wait_for_strangers_does_not_sleep(run):
    """Seven waits return -2 without sleeping."""
    trace = run("killer").trace
    refused = [call for call in calls(trace, "wait") if call.result == BAD_PROC]
    assert len(refused) == 7
    for call in refused:
        assert not between(trace, call.enter, call.leave, "sleep", "switch")
