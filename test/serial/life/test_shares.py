# SPDX-License-Identifier: MIT
"""user/life/shares.c: setpriority(), and the shares that a scheduling policy gives. See docs/scheduling.md."""

import re

# Of the children with the priorities 1, 2 and 3, and how far a share may be off. Three children compute for about
# 600 ticks: with turns of 5 ticks that is 20 turns at least for each, and of 600 lots a sixth is drawn 100 times with a
# deviation of 9.
SHARES = {"rr": ([333, 333, 333], 0.08), "stride": ([167, 333, 500], 0.08), "lottery": ([167, 333, 500], 0.3)}


def test_shares(run, build):
    """Shares are equal or in proportion to the priorities, which children inherit."""
    out = run("shares")
    out.lines.once("shares pass.")
    expected, tolerance = SHARES[build.sched]
    for priority, share in enumerate(expected, start=1):
        line = out.lines.once(re.compile(rf"^shares: priority {priority}: \d+ of 1000$"))
        assert abs(int(line.split()[3]) / share - 1) < tolerance, f"{line}; expected {share}"


def test_no_program_is_too_important(run):
    """A number above the range is refused, and the priority stays."""
    results = [record.result for record in run("shares").trace.all("syscall_leave nr=setpriority")]
    assert results == [0, 0, -3, -3, 0, 0, 0]
