# SPDX-License-Identifier: MIT
"""user/life/procinfo.c: what procs() reports about living, new and dead processes.

D45: a child has its parent's name, complete and NUL-terminated. D46: all other fields of a new process are defined,
even if its slot was used by a killed one. D49: exit(-9), a kill and a fault are distinguished.
"""

import pytest
from calls import FIRST

LONGEST = "n" * 31  # PROC_NAME_SIZE without its NUL


def test_lines(run):
    out = run("procinfo")
    out.lines.once('procinfo: I am "procinfo"')
    for what, reason in (("exits with -9", 0), ("is killed", 1), ("faults", 2)):
        out.lines.in_order(f"procinfo: code of the child that {what} = -9",
                           f"procinfo: reason of the child that {what} = {reason}",
                           f"procinfo: killed flag of the child that {what} = {int(reason == 1)}",
                           f"procinfo: what wait says of the child that {what} = -9")
    assert out.lines.count("procinfo: newborn's runs = 0") == 2
    out.lines.in_order("procinfo: name of the child that was args, compared = 0", "procinfo pass.")


@pytest.mark.parametrize("name", ["p", LONGEST])
def test_names(run, build, name):
    """The same program with the shortest and the longest possible name."""
    out = run(name, modules={name: build.folder / "user/procinfo"})
    out.lines.once(f'procinfo: I am "{name}"')
    out.lines.once("procinfo pass.")


def test_reasons_in_the_trace(run):
    """Three children exit with the same code for three reasons; only one of them was killed."""
    trace = run("procinfo").trace
    dead = trace.all("exit code=-9")
    assert [exit_.shown("reason") for exit_ in dead] == ["exit", "kill", "fault"]
    assert trace.one("kill", by=FIRST).pid == dead[1].pid
    assert [reap.child for reap in trace.all("reap", code=-9)] == [exit_.pid for exit_ in dead]
