# SPDX-License-Identifier: MIT
"""user/console/longwrite.c: a long system call lets others run and can be killed; lines stay whole.

D55: a writer that waits for the console sleeps. D57: no line is torn by it.
D84: both die at once when they are killed, one in its write, one asleep.
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


def test_the_writers_take_turns(run):
    """Each waits for the lock in its sleep, and is woken when the other has written 4 KiB of its 256. (D91)"""
    trace = run("longwrite").trace
    waits = [record["pid"] for record in trace.of("sleep") if record["pid"] in (FIRST, SECOND)]
    assert 2 <= len(waits) <= 2 * 256 // 4
    assert waits == [(SECOND, FIRST)[i % 2] for i in range(len(waits))]
    trace.in_order(f"sleep pid={SECOND}", f"wake pid={SECOND} by={FIRST}", f"sleep pid={FIRST}",
                   f"wake pid={FIRST} by={SECOND}")
    assert {exit.pid: exit.code for exit in trace.of("exit") if exit.pid in (FIRST, SECOND)} == {
        FIRST: KILLED, SECOND: KILLED}
