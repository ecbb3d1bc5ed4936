# SPDX-License-Identifier: MIT
"""user/lab5/forktree.c: a binary tree of processes, four levels deep, that do not wait for their children.

D82: init adopts and reaps the orphans.
"""

import itertools
import re

INIT, ROOT = 1, 2
DEPTH = 4
PATHS = ["".join(branches) for depth in range(DEPTH + 1) for branches in itertools.product("01", repeat=depth)]


def pids_by_path(out):
    """The pids by the paths they printed: `0007: I am '10'` is process 7."""
    said = [re.fullmatch(r"([0-9a-f]{4}): I am '([01]*)'", line) for line in out.lines.all(re.compile("I am '"))]
    assert all(said), "a line is torn"
    return {match[2]: int(match[1], 16) for match in said}, [match[2] for match in said]


def test_every_path_once(run):
    """31 paths, each printed once by its own process, a parent before its children."""
    pid_of, order = pids_by_path(run("forktree"))
    assert sorted(order) == sorted(PATHS)
    assert len(set(pid_of.values())) == len(PATHS) and pid_of[""] == ROOT
    assert all(order.index(path[:-1]) < order.index(path) for path in PATHS if path)


def test_family(run):
    """Each process was forked by the one whose path is one branch shorter."""
    out = run("forktree")
    pid_of, _ = pids_by_path(out)
    for path in filter(None, PATHS):
        assert out.trace.one("fork", child=pid_of[path]).parent == pid_of[path[:-1]]


def test_nobody_is_lost(run):
    """A process that outlives its parent becomes init's child, and init reaps the whole tree."""
    trace = run("forktree").trace
    assert {record["to"] for record in trace.of("reparent")} == {INIT}
    assert len(trace.all("exit code=0 reason=exit")) == len(PATHS)
    assert len(trace.all(f"reap parent={INIT} code=0")) == len(PATHS)
    assert not [record for record in trace.of("syscall_enter") if record.shown("nr") == "wait"]
