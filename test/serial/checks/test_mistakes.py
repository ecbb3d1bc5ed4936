# SPDX-License-Identifier: MIT
"""Typical mistakes in a fork, planted one by one: the first program that is run names each in a sentence, with the
place. `tools/mistakes` tries all of test/mistakes.toml; here are a few that need different checks."""

import re

import pytest
from ucow.mistakes import first_run, mistakes, report_of
from ucow.mistakes_report import current

FEW = ["empty", "no-bytes", "orphans", "waits-alone", "no-zombie", "any-process", "wake-unqueued", "getpid-parent"]


@pytest.fixture
def plain(build):
    """A build whose kernel has the checks, and can be linked again as it is."""
    if not build.debug_checks:
        pytest.skip("the kernel is built with -Ddebug_checks=false")
    build.need_plain("a kernel with another file")
    if build.options["buildtype"] == "release":
        pytest.skip("a release kernel is compiled as a whole, not file by file")
    return build


@pytest.mark.parametrize("mistake", [mistake for mistake in mistakes() if mistake.name in FEW],
                         ids=lambda mistake: mistake.name)
def test_mistake_is_named(plain, mistake):
    run = first_run(mistake, plain.folder, plain.wall_seconds)
    try:
        missing = mistake.missing(run)
        if mistake.name == "orphans" and plain.trace:
            events = "\n".join(report_of(run)).partition("last events:\n")[2]
            assert re.search(r"^\[t=\d+\] fork parent=6 child=7 .* running=6$", events, re.MULTILINE), events
        assert not missing, "\n".join([f"planted: {mistake.what}", *missing, "seen:",
                                       *(report_of(run) or run.lines.lines)[:10],
                                       f"repeat it with: tools/mistakes {mistake.name}"])
    finally:
        run.close()


def test_list_quotes_the_sources():
    """Each mistake of the list stands for a line of the sources as they are."""
    for mistake in mistakes():
        assert mistake.planted(), mistake.name


def test_document_is_current():
    """docs/mistakes.md has a row for each mistake of the list."""
    assert current(), "docs/mistakes.md is out of date: run tools/mistakes"


def test_rehearsal(run, build):
    """What tools/run does after the named program passes, and leaves no event in the trace."""
    if not build.debug_checks:
        pytest.skip("the kernel is built with -Ddebug_checks=false")
    out = run("hello", cmdline="rehearse=on")
    out.lines.never("rehearsal")
    assert len(out.trace.all("exit")) == 1, "events of the rehearsal are in the trace"
