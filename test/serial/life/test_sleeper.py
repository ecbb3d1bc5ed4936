# SPDX-License-Identifier: MIT
"""user/life/sleeper.c: a sleep lasts its ticks and little more, and the timer wakes sleepers in the order of time.

D51: a tick is 10 ms. D52: while all processes sleep only idle runs, which halts the processor (test_idle.py checks
the processor itself).
"""

from calls import FIRST, TICK, between, calls

IDLE = 0
PLACES = [4, 1, 5, 2, 3]
APART_TICKS = 8


def test_lines(run):
    out = run("sleeper")
    for ticks in (0, 1, 2, 3, 20):
        out.lines.in_order(f"sleeper: sleep({ticks}) = 0", f"sleeper: sleep({ticks}) was long enough = 1",
                           f"sleeper: sleep({ticks}) was short enough = 1")
    out.lines.in_order(*[f"sleeper: sleeper number {n} to wake = {n}" for n in range(1, 6)], "sleeper pass.")


def test_lengths(run):
    """By the time stamps, a sleep of n ticks ends with the n-th tick after its start, and sleep(0) at once."""
    trace = run("sleeper").trace
    for call in calls(trace, "sleep"):
        ticks = (call.leave.stamp - call.enter.stamp) / TICK
        wanted = call.enter.arg0
        assert max(0, wanted - 1) <= ticks <= wanted + 0.1
        assert len(between(trace, call.enter, call.leave, "sleep")) == (1 if wanted else 0)


def test_the_ring_knows_the_length_of_a_tick(run, build):
    """The length of a tick that the kernel measured for the trace is 10 ms."""
    assert abs(run("sleeper").trace.tsc_per_tick - TICK) < TICK // (50 if build.coverage else 100)  # counting lines takes time


def test_order(run):
    """The timer wakes each sleeper in order, while idle runs, eight ticks after the one before; seven or nine if a tick
    came between the starts of the two sleeps."""
    trace = run("sleeper").trace
    children = [fork.child for fork in trace.all("fork", parent=FIRST)]
    wakes = [wake for wake in trace.of("wake") if wake.pid in children]
    assert [wake.pid for wake in wakes] == [child for _, child in sorted(zip(PLACES, children))]
    assert {wake.by for wake in wakes} == {IDLE}
    for one, other in zip(wakes, wakes[1:]):
        assert abs((other.stamp - one.stamp) / TICK - APART_TICKS) < 1.1


def test_nobody_runs_meanwhile(run):
    """No event is recorded between the last process falling asleep and the tick that wakes it."""
    trace = run("sleeper").trace
    long = next(call for call in calls(trace, "sleep") if call.enter.arg0 == 20)
    slept, woken = (trace.in_order(event, after=long.enter)[0] for event in (f"sleep pid={FIRST}", f"wake pid={FIRST}"))
    assert [record.name for record in trace if slept.seq < record.seq < woken.seq] == ["state", "state", "switch"]


def test_where_gettime_wraps(run):
    """gettime() is negative 248 days after the boot; sleeps are as long as before. (D97)"""
    out = run("sleeper", cmdline="ticks=2147483640")  # 2^31 - 8
    out.lines.once("sleeper pass.")
    times = [record.result for record in out.trace.all("syscall_leave nr=gettime")]
    assert times[0] > 0 > times[-1]
