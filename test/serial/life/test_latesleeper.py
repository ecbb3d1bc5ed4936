# SPDX-License-Identifier: MIT
"""user/life/latesleeper.c: sixty computing processes make a sleeper at most ten ticks late. (D106)

Only sched_rr.c promises it: docs/scheduling.md.
"""

import re

import pytest


@pytest.fixture(autouse=True)
def need_round_robin(build):
    """Skip the test if the scheduling policy does not let sleepers go first."""
    if build.sched != "rr":
        pytest.skip(f"the kernel is built with -Dsched={build.sched}, which does not promise it")


def test_lateness(run):
    out = run("latesleeper")
    out.lines.once("latesleeper pass.")
    out.lines.once(re.compile(r"latesleeper: at most \d+ ticks late among 60 that compute"))


def test_no_spinner_starves(run):
    """Each of the sixty runs before it is killed."""
    trace = run("latesleeper").trace
    children = {fork.child for fork in trace.all("fork", parent=2)}
    ran = {switch["to"] for switch in trace.of("switch")}
    assert len(children) == 60
    assert children <= ran
