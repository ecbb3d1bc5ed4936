# SPDX-License-Identifier: MIT
"""user/swap/hogs.c: when memory and disk are full, the process with the most memory ends, and no other. (D105, D112)"""

import re

MEMORY, DISK, ROUNDS = "8M", "4M", 8  # a hundred rounds: tools/run --memory 8M --swap 4M --timeout 900 hogs 100 4


def mebibytes(build) -> str:
    """How many each hog takes: half the memory."""
    return str(int(build.room(MEMORY).removesuffix("M")) // 2)


def test_only_hogs_end(run, build):
    """The program that starts the hogs, as the shell would, lives, and so does one that sleeps. At least one hog of each
    round ends, and a line says which and why."""
    disk = {"swap": DISK} if build.swap else {}
    hogs = run("hogs", str(ROUNDS), mebibytes(build), memory=build.room(MEMORY), cmdline="trace=off", **disk)
    hogs.lines.once("hogs: whether it was killed = 0")
    hogs.lines.once("hogs pass.")
    ended = int(re.match(r"hogs: (\d+) of", hogs.lines.all(re.compile("^hogs: .* were ended$"))[0])[1])
    assert ended >= ROUNDS
    said = hogs.lines.all(re.compile(r'^pid \d+ "hogs" dies: out of memory for pid \d+ "hogs", and of \d+ processes '
                                     r"it has the most pages of its own: \d+$"))
    said += hogs.lines.all(re.compile(r'^pid \d+ "hogs" dies: out of memory for its (write to|read of) 0x'))
    assert len(said) == ended


def test_the_trace_tells_what_was_chosen(run, build):
    """The event has the process that needed a page, the one that ends, its pages, and among how many it was chosen."""
    disk = {"swap": DISK} if build.swap else {}
    ring = "trace_kib=4096" if build.room(MEMORY) != MEMORY else "trace_kib=2048"
    trace = run("hogs", "1", mebibytes(build), memory=build.room(MEMORY), cmdline=ring, **disk).trace
    ended = trace.all("exit reason=oom")
    chosen = trace.all("oom")
    sizes = trace.all("oom_size")
    assert {event.victim for event in chosen} == {event.pid for event in ended}
    for event in chosen:
        assert event.among >= 3
        assert event.pages == max(size.pages for size in sizes if size.pid == event.victim) > 0
