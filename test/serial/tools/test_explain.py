# SPDX-License-Identifier: MIT
"""Messages of failed tests: what was expected beside what was seen, in a reader's units, and the events around the
first that deviates."""

import pytest
from conftest import trace_around
from sharing import STACK_PAGE, assert_only_stacks_split
from ucow.machine import Run
from ucow.trace import Deviation, Trace


def without(trace: Trace, name: str) -> Trace:
    """The trace of a kernel that does not do this."""
    return Trace(trace.format, [record for record in trace if record.name != name], trace.lost, trace.tsc_per_tick)


def moved(trace: Trace, name: str, va: int) -> Trace:
    """The trace of a kernel that does this at another address."""
    def change(record):
        if record.name == name:
            raw = list(record.raw)
            raw[record.event.place["va"]] = va
            record = type(record)(record.seq, record.stamp, record.event, record.cpu, record.cpu_pid, tuple(raw))
        return record
    return Trace(trace.format, map(change, trace), trace.lost, trace.tsc_per_tick)


def test_page_and_process_are_named(run, build):
    """A page is named by its address and what it is, a process by its pid and program."""
    with pytest.raises(Deviation) as failure:
        assert_only_stacks_split(build, moved(run("exit").trace, "page_copy", 0x00802000))
    message = str(failure.value)
    if build.cow:
        assert "expected copies of 0xaffff000 (the stack's top page) only" in message
        assert "seen     one of 0x00802000 (not on the stack)" in message
    else:
        assert "expected a copy of 0xaffff000 (the stack's top page)\nseen     none" in message
    assert 'by pid 2 "exit"' in message or 'by pid 3 "exit"' in message


def test_missing_copies_are_counted(run, build):
    trace = run("exit").trace
    with pytest.raises(Deviation) as failure:
        assert_only_stacks_split(build, without(trace, "page_copy"))
    page = f"{STACK_PAGE:#010x} (the stack's top page)"
    wanted = (f"1 copies of {page}: one for each fork\nseen     0 copies" if build.cow
              else f"a copy of {page}\nseen     none")
    assert f"expected {wanted}" in str(failure.value)
    assert failure.value.seq == trace.one("fork", parent=2).seq


def test_report_shows_the_first_deviation(bench):
    """An order that is not kept points to the last event that was found, and the report shows those around it."""
    bench.build.need_trace()
    outcome: Run = bench.machine("exit").run(bench.build.wall_seconds)
    bench.runs.append(outcome)
    with pytest.raises(Deviation) as failure:
        outcome.trace.in_order("fork parent=2", "kill")
    shown = trace_around(outcome, failure.value).splitlines()
    marked, = [line for line in shown if line.startswith(">")]
    assert "fork parent=2 child=3" in marked
    assert 10 < len(shown) < 30
