# SPDX-License-Identifier: MIT
"""user/life/procinfo.c: what the process table says of the living, the newborn and the dead.

D45: a child has its parent's name, whole and within its bounds. D46: every other field of a newborn is
defined, also where a killed process was before. D49: exit(-9), a kill and a fault are told apart.
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
    """The same program under another name: the shortest and the longest there can be."""
    out = run(name, modules={name: build.folder / "user/procinfo"})
    out.lines.once(f'procinfo: I am "{name}"')
    out.lines.once("procinfo pass.")


def test_reasons_in_the_trace(run):
    """Three children with the same code, each with its reason; and only one of them has a kill."""
    trace = run("procinfo").trace
    dead = trace.all("exit code=-9")
    assert [exit_.shown("reason") for exit_ in dead] == ["exit", "kill", "fault"]
    assert trace.one("kill", by=FIRST).pid == dead[1].pid
    assert [reap.child for reap in trace.all("reap", code=-9)] == [exit_.pid for exit_ in dead]
