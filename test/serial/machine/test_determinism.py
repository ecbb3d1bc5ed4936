# SPDX-License-Identifier: MIT
"""Virtual time: two runs of one machine are equal, instruction for instruction.

So failures can be repeated, and two traces differ only because of a change. (D64)
"""

import pytest
from calls import PACE
from ucow.machine import PASSED, PROGRAM_FAILED

# Programs that depend on what could differ: preemption, sleep, exhausted memory, faults, lines of several processes.
PROGRAMS = {"forktree": PASSED, "spin": PASSED, "longwrite": PASSED, "interleave": PASSED, "oom": PASSED,
            "sharers": PASSED, "waitkill": PROGRAM_FAILED, "faultread": PROGRAM_FAILED}


@pytest.mark.parametrize("program", PROGRAMS)
def test_two_runs(run, build, program):
    """The same lines, and the same events at the same instruction. Without swap memory runs out soon."""
    first, second = (run(program, memory=build.room("24M"), swap=None, cmdline="trace_kib=10240",
                         expect=PROGRAMS[program], extra=PACE) for _ in range(2))
    assert first.lines.text == second.lines.text
    if build.trace:
        assert first.trace.tsc_per_tick == second.trace.tsc_per_tick
        assert list(map(str, first.trace)) == list(map(str, second.trace))


def test_other_arguments_differ(run):
    """The comparison detects a difference: one more character on the command line."""
    first, second = run("args", "a").trace, run("args", "ab").trace
    assert list(map(str, first)) != list(map(str, second))
