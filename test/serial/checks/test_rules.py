# SPDX-License-Identifier: MIT
"""kernel/check/peak.c: the longest time without interrupts, the longest between two points at which
others may run, and the deepest stack are in the trace. (D76, D93)

kernel/planted/planted.def has the report for each broken rule of kernel/check/locks.h; this test compares two
reports of lock chains in full.
"""

import re

import pytest
from ucow.machine import CHECK_FAILED

SOURCE = r"\(kernel/planted/locks\.c:\d+\)"
IRQ_OFF_TICKS_MAX = 5


@pytest.fixture
def checked(build):
    """Skips the test unless the build checks the rules."""
    if not build.debug_checks:
        pytest.skip("the kernel is built with -Ddebug_checks=false")


def peaks(trace, what: str) -> list[int]:
    return [record.value for record in trace.all(f"peak what={what}")]


@pytest.mark.parametrize("what", ["irq_off", "stretch", "stack"])
def test_peaks_rise_and_are_told_at_the_end(run, checked, what):
    trace = run("forktree").trace
    *_, riser, teller = trace.all(f"peak what={what}")
    assert (teller["of"], teller["site"]) == (riser["of"], riser["site"])
    *risen, last = peaks(trace, what)
    assert risen == sorted(set(risen)) and last == max(risen)
    assert trace.records[-1].name == "end"
    assert {record.name for record in trace.last(3)} == {"peak", "end"}


def test_interrupts_come_in_time(run, checked):
    """Many children whose parent dies change to init with interrupts enabled, and are woken a few at a time."""
    trace = run("forktree").trace
    assert 0 < peaks(trace, "irq_off")[-1] < trace.tsc_per_tick * IRQ_OFF_TICKS_MAX


def test_the_deepest_stack_has_an_owner(run, checked):
    trace = run("forktree").trace
    deepest = trace.all("peak what=stack")[-1]
    assert 256 < deepest.value < 8 * 4096
    assert deepest["of"] in {1} | {fork.child for fork in trace.of("fork")}


def test_both_chains_of_a_lock_order(run, checked):
    lines = run("hello", cmdline="selftest=lockorder", expect=CHECK_FAILED).lines
    site = rf"plant_lockorder {SOURCE}$"
    lines.in_order(
        "kernel check failed: lock order: coat is taken with hat held, which can be waiting for it:", "  pid 1:",
        re.compile(f"^    with hat taken at {site}"), re.compile(f"^    then coat taken at {site}"), "  but before:",
        "  pid 1:", re.compile(f"^    with coat taken at {site}"), re.compile(f"^    then hat taken at {site}"),
        "the machine stops here.")


def test_both_sides_of_a_race(run, build):
    if not build.races:
        pytest.skip("the kernel is built with -Draces=false")
    lines = run("hello", cmdline="selftest=race", expect=CHECK_FAILED).lines
    lines.in_order(re.compile("^kernel check failed: data race at 0xc0[0-9a-f]{6}:$"),
                   re.compile(r"^    a handler wrote 4 bytes at trace_tick \(kernel/watch/trace\.c:\d+\)$"),
                   "    with pid 1, interrupts on,", re.compile(rf"^    which wrote 4 bytes at plant_race {SOURCE}$"))


def test_whose_type_is_wrong(run, build):
    if not build.kcfi:
        pytest.skip("the kernel is built with -Dkcfi=false")
    run("hello", cmdline="selftest=wildcall", expect=CHECK_FAILED).lines.in_order(
        "kernel check failed: an indirect call of a function of another type:",
        re.compile(r"^    of answer \(kernel/planted/planted\.c:\d+\)$"))


def test_where_interrupts_were_off(run, checked):
    lines = run("hello", cmdline="selftest=lockheld", expect=CHECK_FAILED).lines
    lines.once(re.compile(rf"^    since plant_lockheld {SOURCE}$"))
