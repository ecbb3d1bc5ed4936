# SPDX-License-Identifier: MIT
"""user/life/groups.c: process groups, and kill() of one."""

from calls import FIRST, calls

INVAL, KILLED = -3, -9


def test_lines(run):
    out = run("groups")
    out.lines.in_order("groups: the first program's group = 2", "groups: a child is in its parent's group = 1",
                       "groups: setpgid(-1, 0) = -3", "groups: setpgid(0, -2147483648) = -3",
                       "groups: setpgid(0, 99999) = -3", "groups: setpgid into init's group = -3",
                       "groups: setpgid of a grandchild = -2", "groups: tcsetpgrp(0) = -3",
                       "groups: an orphan's getppid() = 1", "groups: kill of a group of zombies = -9",
                       "groups: kill(-2147483648) = -3", "groups: kill of a group = 0", "groups pass.")


def test_one_call_kills_each_member_once(run):
    """The members and no other process: each ends for the reason `kill`."""
    trace = run("groups").trace
    group_kills = [call for call in calls(trace, "kill") if call.enter.arg0 >= 1 << 31 and call.result == 0]
    assert len(group_kills) == 1
    kill = group_kills[0]
    killed = [record.pid for record in trace.of("kill") if kill.enter.seq < record.seq < kill.leave.seq]
    assert len(killed) == len(set(killed)) == 3  # the founder, another member, and the child that it has forked
    ended = {record.pid for record in trace.all("exit reason=kill") if record.seq > kill.enter.seq}
    assert set(killed) <= ended


def test_members_that_fork_all_the_time(run):
    """No member that another one forks while the group is killed survives, nor one of many."""
    out = run("groups", "relay")
    out.lines.in_order("groups: members of it that outlive that = 0", "groups: the relay runs = 1", "groups: kill of its group = 0", "groups: rounds after that = 0",
                       "groups pass.")


def test_the_number_is_reserved(run):
    """At the end the group has the last number that there is, too."""
    out = run("groups", "reserve", cmdline="max_procs=16")
    out.lines.in_order("groups: new processes with the number of the group = 0", "groups: members of it that outlive that = 0",
                       "groups pass.")


def test_first_program_has_init_as_parent(run):
    trace = run("groups").trace
    assert {call.result for call in calls(trace, "getppid", pid=FIRST)} == {1}
