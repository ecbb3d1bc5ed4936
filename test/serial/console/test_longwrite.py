# SPDX-License-Identifier: MIT
"""user/console/longwrite.c: a long system call lets others run and can be killed; lines stay whole.

D55: the second writer sleeps until the first releases the console. D57: all lines stay whole.
D84: both end at once when they are killed, one in its write, one asleep.
"""

import re

FIRST, SECOND = 3, 4
KILLED = -9
WIDTH = 63


def test_lines(run):
    out = run("longwrite")
    out.lines.once("longwrite pass.")
    written = [line for line in out.lines if re.search("[xy]{8}", line)]
    assert written and not [line for line in written[:-1] if line not in ("x" * WIDTH, "y" * WIDTH)]


def test_second_writer_sleeps(run):
    """It sleeps while it waits for the lock, instead of polling."""
    trace = run("longwrite").trace
    waits = [record for record in trace.of("sleep") if record["pid"] == SECOND]
    assert len(waits) == 1
    trace.in_order(f"sleep pid={SECOND}", f"exit pid={FIRST} code={KILLED} reason=kill",
                   f"exit pid={SECOND} code={KILLED} reason=kill")
