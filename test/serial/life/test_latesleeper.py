# SPDX-License-Identifier: MIT
"""user/life/latesleeper.c: sixty computing processes make a sleeper at most ten ticks late. (D106)"""

import re


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
