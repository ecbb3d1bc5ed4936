# SPDX-License-Identifier: MIT
"""user/life/wakemany.c: five hundred processes wait for one event, and the kernel wakes a few of them at a time.

D76: waking all of them at once would disable interrupts for ticks, and the kernel's check would report that.
"""

import re

import pytest
from calls import FIRST, TICK

MANY = 500
READERS = 20
WAKES_AT_ONCE = 64  # kernel/proc/sleep.h


@pytest.fixture
def many(run, build):
    return run("wakemany", "write", str(MANY), memory=build.room("32M"), cmdline="trace_kib=4096")


def children(trace) -> set[int]:
    return {fork.child for fork in trace.all("fork", parent=FIRST)}


def test_lines(many):
    many.lines.in_order(re.compile("^x{63}$"), f"wakemany: who woke when their time had come = {MANY}",
                        "wakemany pass.")


def test_interrupts_come_in_time(many, build):
    """Interrupts are never disabled for a tick."""
    build.need_plain("how long interrupts are off")
    if build.debug_checks:
        assert many.trace.all("peak what=irq_off")[-1].value < many.trace.tsc_per_tick


def test_the_timer_wakes_so_many_at_once(many, build):
    """The timer makes at most so many wakes in a row, without other events between them."""
    build.need_plain("what fits into a tick")
    records, stretches = [record for record in many.trace if record.name != "state"], [0]
    for before, record in zip(records, records[1:]):
        if record.name == "wake":
            together = before.name == "wake" and record.stamp - before.stamp < TICK // 10
            stretches.append(stretches[-1] + 1 if together else 1)
    assert max(stretches) in (WAKES_AT_ONCE, WAKES_AT_ONCE + 1)  # another wake may come just before


def test_nobody_waits_for_a_tick_while_nobody_runs(run, build):
    """On a fast processor the remaining sleepers of a tick are woken at once, not a tick later."""
    build.need_plain("how soon they are woken")
    trace = run("wakemany", "sleep", str(MANY), memory="32M", cmdline="trace_kib=4096",
                extra=["-icount", "shift=1,sleep=off"]).trace
    sleepers = children(trace)
    wakes = [wake.stamp for wake in trace.of("wake") if wake.pid in sleepers]
    assert len(wakes) == MANY and max(wakes) - min(wakes) < 2 * TICK


def test_a_character_wakes_one_reader(boot, build):
    """The other readers stay asleep until they are killed."""
    build.need_trace()
    with boot("wakemany", "read", str(READERS)) as live:
        live.expect(f"wakemany: {READERS} readers\n")
        live.type("a")
        live.expect("wakemany: a reader's character = 97\n")
        live.type("b")
        out = live.end()
    out.lines.in_order("wakemany: a reader's character = 98", "wakemany pass.")
    first_kill = out.trace.all("kill")[0]
    readers = children(out.trace)
    woken = [wake.pid for wake in out.trace.of("wake") if wake.pid in readers and wake.seq < first_kill.seq]
    ended = [exit_.pid for exit_ in out.trace.of("exit") if exit_.pid in readers and exit_.seq < first_kill.seq]
    assert woken == ended and len(woken) == 2
