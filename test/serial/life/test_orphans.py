# SPDX-License-Identifier: MIT
"""user/life/orphans.c: a process whose parent exits becomes init's child, and init reaps it.

D82: chains of orphans, living and dead ones; init is woken for each. D81: none of them stays unreaped.
"""

from calls import FIRST

INIT = 1
GENERATIONS, FAMILY, DEAD = 20, 10, 10


def test_lines(run):
    out = run("orphans")
    out.lines.in_order("orphans: exit code of the chain's first = 0", "orphans: orphans at the end of the chain = 1",
                       "orphans: exit code of the family's parent = 0", "orphans: living orphans of the family = 5",
                       "orphans: exit code of the dead children's parent = 0",
                       "orphans: children left to wait for = -2", "orphans pass.")


def test_each_orphan_is_adopted_and_reaped(run):
    """One orphan per generation, ten of the family, and ten dead ones change from the dead parent to init."""
    trace = run("orphans").trace
    adopted = trace.of("reparent")
    assert len(adopted) == len({record.child for record in adopted}) == GENERATIONS + FAMILY + DEAD
    for record in adopted:
        assert record.to == INIT and record.cpu_pid == record["from"]
        trace.in_order(f"reparent child={record.child}", f"reap parent={INIT} child={record.child} code=0")
    assert {reap.child for reap in trace.all("reap", parent=INIT)} == {record.child for record in adopted} | {FIRST}


def test_living_and_dead(run):
    """The family's parent leaves five zombies and five living children, the last parent only zombies."""
    trace = run("orphans").trace
    dead = [record for record in trace.of("reparent") if trace.one("exit", pid=record.child).seq < record.seq]
    parents = [record["from"] for record in dead]
    assert sorted(parents.count(parent) for parent in set(parents)) == [FAMILY // 2, DEAD]


def test_init_is_woken(run):
    """Init sleeps in wait. It wakes between the exit of an orphan, or of a zombie's parent, and the reap."""
    trace = run("orphans").trace
    for record in trace.of("reparent"):
        ready = max(record, trace.one("exit", pid=record.child), key=lambda event: event.seq)
        reap = trace.one("reap", child=record.child)
        before = [event for event in trace.all("sleep", pid=INIT) + trace.all("wake", pid=INIT) if event.seq < reap.seq]
        assert max(before, key=lambda event: event.seq).name == "wake" and ready.seq < reap.seq
