# SPDX-License-Identifier: MIT
"""The trace's reader and invariants: each single error must be detected.

A story (the events of a run) that obeys all invariants is changed so that it breaks exactly one (D64, D88).
"""

from collections import Counter

import pytest
from ucow import LabError, invariants
from ucow.chrome import export_chrome
from ucow.serial import Lines
from ucow.trace import Trace

# Pid 2 forks 3 and 4, kills 4 and waits for 3; 3 forks 5 and exits before it. Who runs, and what happens.
STORY = """\
0 boot frames=32000 free=31990 cow=1
0 fork parent=0 child=1 flags=0
0 state pid=1 from=UNINIT to=RUNNABLE
0 state pid=0 from=RUNNING to=RUNNABLE
0 state pid=1 from=RUNNABLE to=RUNNING
0 switch from=0 to=1
1 fork parent=1 child=2 flags=0
1 state pid=2 from=UNINIT to=RUNNABLE
1 sleep pid=1 channel=1
1 state pid=1 from=RUNNING to=SLEEPING
1 state pid=2 from=RUNNABLE to=RUNNING
1 switch from=1 to=2
2 exec pid=2 name=exit
2 syscall_enter nr=fork arg0=0 arg1=0 arg2=0 eip=0
2 share start=0xaff00000 end=0xb0000000 pages=1
2 table_share va=0x800000 table=0x5000 pages=3 sharers=2
2 fork parent=2 child=3 flags=0
2 state pid=3 from=UNINIT to=RUNNABLE
2 syscall_leave nr=fork result=3
2 syscall_enter nr=clone arg0=0 arg1=0 arg2=0 eip=0
2 fork parent=2 child=4 flags=0
2 state pid=4 from=UNINIT to=RUNNABLE
2 syscall_leave nr=clone result=4
2 page_copy va=0xaffff000 from=0x1000 to=0x2000 count=3
2 fault pid=2 va=0xaffff010 error=7 outcome=copy eip=0
2 table_copy va=0x800000 from=0x5000 to=0x6000 pages=3
2 syscall_enter nr=kill arg0=4 arg1=0 arg2=0 eip=0
2 kill by=2 pid=4
2 syscall_leave nr=kill result=0
2 syscall_enter nr=wait arg0=3 arg1=0 arg2=0 eip=0
2 sleep pid=2 channel=2
2 state pid=2 from=RUNNING to=SLEEPING
2 state pid=3 from=RUNNABLE to=RUNNING
2 switch from=2 to=3
3 fault pid=3 va=0x900000 error=4 outcome=fill eip=0
3 syscall_enter nr=fork arg0=0 arg1=0 arg2=0 eip=0
3 fork parent=3 child=5 flags=0
3 state pid=5 from=UNINIT to=RUNNABLE
3 syscall_leave nr=fork result=5
3 syscall_enter nr=exit arg0=7 arg1=0 arg2=0 eip=0
3 exit pid=3 code=7 reason=exit
3 reparent child=5 from=3 to=1
3 state pid=3 from=RUNNING to=ZOMBIE
3 wake pid=2 by=3
3 state pid=2 from=SLEEPING to=RUNNABLE
3 state pid=4 from=RUNNABLE to=RUNNING
3 switch from=3 to=4
4 exit pid=4 code=-9 reason=kill
4 state pid=4 from=RUNNING to=ZOMBIE
4 state pid=2 from=RUNNABLE to=RUNNING
4 switch from=4 to=2
2 state pid=3 from=ZOMBIE to=GONE
2 reap parent=2 child=3 code=7
2 syscall_leave nr=wait result=0
2 syscall_enter nr=wait arg0=4 arg1=0 arg2=0 eip=0
2 state pid=4 from=ZOMBIE to=GONE
2 reap parent=2 child=4 code=-9
2 syscall_leave nr=wait result=0
2 syscall_enter nr=exit arg0=0 arg1=0 arg2=0 eip=0
2 exit pid=2 code=0 reason=exit
2 state pid=2 from=RUNNING to=ZOMBIE
2 wake pid=1 by=2
2 state pid=1 from=SLEEPING to=RUNNABLE
2 state pid=5 from=RUNNABLE to=RUNNING
2 switch from=2 to=5
5 syscall_enter nr=exit arg0=0 arg1=0 arg2=0 eip=0
5 exit pid=5 code=0 reason=exit
5 state pid=5 from=RUNNING to=ZOMBIE
5 state pid=1 from=RUNNABLE to=RUNNING
5 switch from=5 to=1
1 state pid=2 from=ZOMBIE to=GONE
1 reap parent=1 child=2 code=0
1 state pid=5 from=ZOMBIE to=GONE
1 reap parent=1 child=5 code=0
1 end status=16 allocated=90 freed=40 held=50 free=31950
"""


def find(story, start):
    """The first line of the story that begins with `start`."""
    return next(line for line in story.splitlines(keepends=True) if line.startswith(start))


def drop(start):
    """The story without a line."""
    return lambda story: story.replace(find(story, start), "", 1)


def put(new, after):
    """The story with another line."""
    return lambda story: story.replace(find(story, after), f"{find(story, after)}{new}\n", 1)


def change(start, old, new):
    """The story with a change in one line."""
    return lambda story: story.replace(find(story, start), find(story, start).replace(old, new), 1)


def move(start, after):
    """The story with one line moved."""
    return lambda story: put(find(story, start).rstrip(), after)(drop(start)(story))


def late(starts, after):
    """The story with several lines moved after a later one, in the same order."""
    def alter(story):
        for start in reversed(starts):
            story = move(start, after)(story)
        return story
    return alter


def eager(story):
    """The story of a kernel without copy-on-write."""
    sharing = (" page_copy ", "outcome=copy", " table_")
    lines = [line for line in story.splitlines() if not any(word in line for word in sharing)]
    return "\n".join(lines).replace("cow=1", "cow=0").replace(
        "share start=0xaff00000 end=0xb0000000 pages=1", "page_copy va=0xaffff000 from=0x1000 to=0x2000 count=1") + "\n"


def in_eager(alter):
    """Change the story of the kernel without copy-on-write."""
    return lambda story: alter(eager(story))


NAP = "2 sleep pid=2 channel=2\n2 wake pid=2 by=2"
SHARE = "2 share start=0xaff00000 end=0xb0000000 pages=1"
TABLE_SHARE = "2 table_share va=0x800000 table=0x5000 pages=3 sharers=2"
TABLE_COPY = "2 table_copy va=0x800000 from=0x5000 to=0x6000 pages=3"
COPY_FAULT = "2 fault pid=2 va=0xaffff010 error=7 outcome=copy eip=0"

# For each invariant, what breaks it and nothing else; the model's may notice it too, for it sees whole lives.
SABOTAGE = {
    "boot_and_end_frame_the_trace": {
        "no boot": drop("0 boot"),
        "a second boot": put("1 boot frames=32000 free=31990 cow=1", after="1 fork"),
        "no end": drop("1 end"),
    },
    "states_walk_the_table": {
        "a zombie goes twice": put("2 state pid=3 from=ZOMBIE to=GONE", after="2 state pid=3 from=ZOMBIE"),
        "a newborn sleeps": change("3 state pid=5", "to=RUNNABLE", "to=SLEEPING"),
        "a lost transition": drop("3 state pid=2 from=SLEEPING"),
    },
    "cpu_belongs_to_the_running": {
        "a switch from someone else": change("3 switch", "from=3", "from=2"),
        "two are running": move("3 state pid=3 from=RUNNING", after="3 switch"),
    },
    "fork_precedes_first_run": {
        "a run before the fork": move("1 fork", after="1 switch"),
    },
    "dead_do_nothing": {
        "a run after the reap": put("3 fault pid=3 va=0x900000 error=4 outcome=fill eip=0", after="2 reap"),
        "a system call after the exit": put("4 syscall_enter nr=exit arg0=0 arg1=0 arg2=0 eip=0", after="4 exit"),
    },
    "one_exit_then_one_reap": {
        "a second exit": put("2 exit pid=4 code=-9 reason=kill", after="4 switch"),
        "a second reap": put("1 reap parent=2 child=3 code=7", after="1 reap"),
        "no reap": drop("1 reap parent=1 child=5"),
        "a stranger reaps": change("2 reap parent=2 child=4", "parent=2", "parent=1"),
        "half of the code": change("2 reap parent=2 child=3", "code=7", "code=0"),
    },
    "orphans_go_to_init": {
        "an orphan with a living parent": move("3 reparent", after="3 syscall_leave nr=fork"),
        "an orphan from nowhere": put("3 reparent child=5 from=3 to=1", after="3 reparent"),
    },
    "killed_only_by_kill": {
        "a kill without a killer": drop("2 kill"),
    },
    "wake_between_sleep_and_run": {
        "a wake without a sleep": put("3 wake pid=5 by=3", after="3 wake"),
        "a sleep without a wake": drop("3 wake"),
    },
    "copy_only_on_write_fault": {
        "a copy for one": change("2 page_copy", "count=3", "count=1"),
        "a copy without a fault": drop(COPY_FAULT),
        "a copy for a reader": change(COPY_FAULT, "error=7", "error=5"),
        "a copy of another page": change(COPY_FAULT, "va=0xaffff010", "va=0xafffe010"),
        "a copy for a fault in an eager build": in_eager(put(COPY_FAULT, after="2 syscall_leave nr=clone")),
        "a copy of an evicted page in an eager build": in_eager(change("2 page_copy", "count=1", "count=0")),
        "a copy in the page's own frame in an eager build": in_eager(change("2 page_copy", "to=0x2000", "to=0x1000")),
    },
    "memory_is_duplicated_in_fork": {
        "sharing outside fork": put(SHARE, after="2 syscall_leave nr=fork"),
        "sharing a table outside fork": put(TABLE_SHARE, after="2 syscall_leave nr=fork"),
        "sharing a table in an eager build": in_eager(put(TABLE_SHARE, after="2 page_copy")),
        "sharing in an eager build": in_eager(put(SHARE, after="2 page_copy")),
        "copying outside fork in an eager build": in_eager(move("2 page_copy", after="2 syscall_leave nr=fork")),
    },
    "only_shared_tables_are_copied": {
        "a table that no fork shared": drop("2 table_share"),
        "a copy of a copy": put(TABLE_COPY.replace("0x5000", "0x6000").replace("to=0x6000", "to=0x7000"),
                                after="2 table_copy"),
    },
    "frames_balance": {
        "a frame freed by no process": change("1 end", "freed=40", "freed=41"),
        "a lost frame": change("1 end", "free=31950", "free=31949"),
    },
    "leave_matches_enter": {
        "another call left": change("2 syscall_leave nr=kill", "kill", "wait"),
        "a call in a call": drop("2 syscall_leave nr=kill"),
        "a call left twice": put("2 syscall_leave nr=kill result=0", after="2 syscall_leave nr=kill"),
    },
    "lives_as_in_the_model": {
        "a second kill": put("2 kill by=2 pid=4", after="2 kill"),
        "a kill that does not wake a waiter": put("2 kill by=2 pid=1", after="2 kill"),
        "a kill of a zombie": put("4 kill by=4 pid=3", after="4 exit"),
        "a system call of a killed process": put("3 kill by=3 pid=2", after="3 state pid=2 from=SLEEPING"),
        "a sleep of a killed process": put("2 kill by=2 pid=2\n" + NAP, after="2 syscall_enter nr=wait arg0=3"),
        "a sleep though the zombie is there": put(NAP, after="2 syscall_enter nr=wait arg0=4"),
        "a waiter who is woken late": late(("2 wake pid=1", "2 state pid=1"), after="2 switch from=2 to=5"),
        "a newborn that is not started": late(("2 state pid=4 from=UNINIT",), after="3 state pid=3 from=RUNNING"),
    },
}


def tell(fmt, story):
    """Make a trace from a story."""
    lines = [line.split(" ", 1) for line in story.splitlines()]
    return Trace(fmt, [fmt.record(what, i, 128 * i, int(who)) for i, (who, what) in enumerate(lines)])


def broken_by(trace):
    """The names of the broken invariants."""
    return {what.split(":")[0] for what in invariants.violations(trace)}


def test_the_story_obeys(fmt):
    assert invariants.violations(tell(fmt, STORY)) == []
    assert invariants.violations(tell(fmt, eager(STORY))) == []


@pytest.mark.parametrize("invariant, what", [(name, what) for name, ways in SABOTAGE.items() for what in ways])
def test_sabotage_breaks_one_invariant(fmt, invariant, what):
    broken = broken_by(tell(fmt, SABOTAGE[invariant][what](STORY)))
    assert invariant in broken and broken <= {invariant, "lives_as_in_the_model"}


def test_time_that_goes_back(fmt):
    trace = tell(fmt, STORY)
    trace.records[5].stamp = 0
    assert broken_by(trace) == {"stamps_never_go_back"}


def test_every_invariant_is_sabotaged():
    assert {*SABOTAGE, "stamps_never_go_back"} == {invariant.__name__ for invariant in invariants.ALL}


def test_lost_records_fail(fmt):
    lost = Trace(fmt, tell(fmt, STORY).records[3:], lost=3)
    assert invariants.violations(lost) == ["the ring lost 3 records, so its history cannot be checked: "
                                           "boot with a larger trace_kib="]


def test_unknown_names_are_errors(fmt):
    trace = tell(fmt, STORY)
    with pytest.raises(LabError, match="no event is called forkk"):
        trace.all("forkk")
    with pytest.raises(LabError, match="event fork has no field kid"):
        trace.one("fork kid=3")
    with pytest.raises(LabError, match="UNINIT RUNNABLE"):
        trace.all("state to=ASLEEP")


def test_failures_show_expected_beside_seen(fmt):
    trace = tell(fmt, STORY)
    with pytest.raises(AssertionError, match=r"exit pid=3 code=8 +NOT SEEN(.|\n)*exit pid=3 code=7"):
        trace.in_order("fork parent=2", "exit pid=3 code=8")
    with pytest.raises(AssertionError, match=r"exactly one event 'fork', seen 5"):
        trace.one("fork")
    with pytest.raises(AssertionError, match=r"line 1: a(.|\n)*c +NOT SEEN"):
        Lines("a\nb\n").in_order("a", "c", "b")


def test_chrome_export(fmt):
    """Every process of the story has tracks, every slice is on one of them, and every arrow has both ends."""
    events = export_chrome(tell(fmt, STORY))["traceEvents"]
    titles = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    in_order = [titles[number] for number in sorted(titles)]
    assert in_order == ["machine", "0 idle", "1 init", "2 exit", "3 exit", "5 exit", "4 exit"]
    assert {event["pid"] for event in events if event["ph"] == "X"} == titles.keys() - {0}
    starts, ends = ([e["name"] for e in events if e["ph"] == ph] for ph in "sf")
    assert Counter(starts) == Counter(ends) == Counter(copy=1, exit=4, fork=5, kill=1, wake=2)
