# SPDX-License-Identifier: MIT
"""user/life/wakeups.c: the tick that wakes a sleeper arrives at every step of its going to sleep.

D50: no wake-up is lost between the decision to sleep and the sleep. Under -icount the program's loop has an exact
length, so the sweep covers every second instruction on the way.
"""

from calls import TICK, calls

SWEEP = ("38000", "38800")  # turns of two instructions at 128 ns: a tick, less the time to enter and leave sleep()


def test_lines(run):
    out = run("wakeups", *SWEEP, cmdline="trace_kib=1024")
    out.lines.in_order("wakeups: late wake-ups = 0", "wakeups pass.")


def test_sweep_meets_the_tick(run, build):
    """The first sleeps end at the next tick, soon after they begin; the last ones begin after that tick."""
    build.need_plain("the length of the way into sleep")
    trace = run("wakeups", *SWEEP, cmdline="trace_kib=1024").trace
    lengths = [(call.leave.stamp - call.enter.stamp) / TICK for call in calls(trace, "sleep")][1::2]
    assert len(lengths) == int(SWEEP[1]) - int(SWEEP[0])
    assert lengths[0] < 0.1 and 0.9 < lengths[-1]
    assert max(lengths) < 1.1


def test_each_sleep_is_woken_once(run):
    trace = run("wakeups", *SWEEP, cmdline="trace_kib=1024").trace
    events = [record.name for record in trace.of("sleep", "wake") if record.pid == 2]
    assert events == ["sleep", "wake"] * (len(events) // 2)
