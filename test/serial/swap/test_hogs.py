# SPDX-License-Identifier: MIT
"""user/swap/hogs.c: when memory and disk are full, the process with the most memory ends, and no other. (D105)"""

import re

import pytest

MEMORY, DISK, ROUNDS, MIB, HOGS = "8M", "4M", 100, 4, 4


@pytest.fixture
def hogs(run, build):
    """A hundred rounds of four hogs."""
    disk = {"swap": DISK} if build.swap else {}
    return run("hogs", str(ROUNDS), str(MIB), memory=build.room(MEMORY), cmdline="trace=off", **disk)


def test_the_others_live(hogs):
    """The program that starts the hogs, which the shell would be, and one that only sleeps."""
    hogs.lines.once("hogs: whether it was killed = 0")
    hogs.lines.once("hogs pass.")


def test_hogs_end(hogs):
    """Memory does run out: at least one hog of each round ends for it, and a line says which and why."""
    ended = int(re.match(r"hogs: (\d+) of", hogs.lines.all(re.compile("^hogs: .* were ended$"))[0])[1])
    assert ended >= ROUNDS
    said = hogs.lines.all(re.compile(r'^pid \d+ "hogs" dies: out of memory for pid \d+ "hogs", and of \d+ processes '
                                     r"it has the most pages of its own: \d+$"))
    said += hogs.lines.all(re.compile(r'^pid \d+ "hogs" dies: out of memory for its write to 0x'))
    assert len(said) == ended


def test_the_trace_tells_what_was_chosen(run, build):
    """The event has the process that needed a page, the one that ends, its pages, and among how many it was chosen."""
    disk = {"swap": DISK} if build.swap else {}
    trace = run("hogs", "1", str(MIB), memory=build.room(MEMORY), cmdline="trace_kib=2048", **disk).trace
    ended = trace.all("exit reason=oom")
    chosen = trace.all("oom")
    assert {event.victim for event in chosen} == {event.pid for event in ended}
    for event in chosen:
        assert event.pages > 0 and event.among >= 3
