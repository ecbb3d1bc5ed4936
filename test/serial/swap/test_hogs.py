# SPDX-License-Identifier: MIT
"""user/swap/hogs.c: when memory and disk are full, the process with the most memory ends, and no other. (D105, D112)"""

import re

import pytest

MEMORY, DISK, ROUNDS = "8M", "4M", 8  # docs/measuring.md has the command for a hundred rounds


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
        counted = [size.pages for size in sizes
                   if size.pid == event.victim and size.cpu_pid == event.cpu_pid and size.seq < event.seq]
        assert event.pages == counted[-1] > 0


@pytest.mark.parametrize("who", ["leader", "job", "none"])
def test_the_shell_does_not_end_before_its_children(run, build, who):
    """Its child ends, which has fewer pages, and the shell goes on. Any other process ends if it has the most."""
    disk = {"swap": DISK} if build.swap else {}
    hogs = run("hogs", who, memory=build.room(MEMORY), cmdline="trace_kib=1024", **disk)
    hogs.lines.once("hogs pass.")
    shell = hogs.trace.one("fork parent=2").child
    child = hogs.trace.one(f"fork parent={shell}").child
    [chosen] = hogs.trace.all("oom")
    assert chosen.victim == (shell if who == "none" else child)
    sizes = {size.pid: size.pages for size in hogs.trace.all("oom_size")}
    assert sizes[shell] > sizes.get(child, 0)
