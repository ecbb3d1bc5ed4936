# SPDX-License-Identifier: MIT
"""user/linux/linuxlife.c: what a parent on Linux learns of its children: status words, and errors by number."""

from calls import TICK, calls

NAP_TICKS = 2
UNLISTED = {str((0x10000 + number) % 2**32) for number in (511, 512, 2**31, 2**32 - 1)}  # as the trace has them


def test_linuxlife(run, build):
    """Children exit, fault and are killed by signals; each status word is that of Linux."""
    build.need_linux()
    out = run("linuxlife", memory="64M")
    out.lines.once("linuxlife pass.")
    reasons = [record.shown("reason") for record in out.trace.all("exit")]
    assert {"exit", "fault", "kill"} <= set(reasons)
    naps = [nap.leave.stamp - nap.enter.stamp for nap in calls(out.trace, "linux_nanosleep")]
    assert naps and min(naps) >= NAP_TICKS * TICK, "a sleep is not shorter than what it was asked for"


def test_trace_names_calls(run, build):
    """The trace has the calls of Linux by their names, and the registers in Linux's order."""
    build.need_linux()
    trace = run("linuxlife", memory="64M").trace
    assert trace.all("syscall_enter nr=linux_kill arg0=1 arg1=9")
    trace.in_order("syscall_enter nr=linux_open arg0=1 arg1=2 arg2=3", "syscall_leave nr=linux_open result=-38")
    trace.in_order("syscall_enter nr=linux_fork", "fork", "syscall_enter nr=linux_wait4", "reap")
    shown = {record.shown("nr") for record in trace.of("syscall_enter")}
    assert {name for name in shown if not name.startswith("linux_")} == UNLISTED
