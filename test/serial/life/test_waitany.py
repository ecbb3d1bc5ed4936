# SPDX-License-Identifier: MIT
"""user/life/waitany.c: wait for any child, and learn which one it was."""

from calls import between, calls

NONE_YET, BAD_PROC, INVAL = 1, -2, -3


def test_lines(run):
    out = run("waitany")
    out.lines.in_order(*(f"waitany: it is child {i} = 1" for i in reversed(range(5))),
                       "waitany: waitany without children = -2", "waitany: the same with WNOHANG = -2",
                       "waitany: waitany(WNOHANG) while none has ended = 1", "waitany: nothing is written = 1",
                       "waitany: waitany(WNOHANG) of a zombie = 0", "waitany: its pid and whole code = 1",
                       "waitany: an unknown flag = -3", "waitany: the child was kept = 0",
                       "waitany: both addresses may be NULL = 0", "waitany: its code = -9", "waitany pass.")


def test_asking_does_not_sleep(run):
    """With WNOHANG no call sleeps or lets others run, whatever it returns."""
    trace = run("waitany").trace
    asked = [call for call in calls(trace, "waitany") if call.enter.arg2 == 1]
    assert {call.result for call in asked} == {0, NONE_YET, BAD_PROC, INVAL}
    for call in asked:
        assert not between(trace, call.enter, call.leave, "sleep", "switch")


def test_each_child_is_reaped_once(run):
    trace = run("waitany").trace
    done = [call for call in calls(trace, "waitany") if call.result == 0]
    reaped = trace.all("reap", parent=2)
    assert len(done) == 8 and len(reaped) == len({reap.child for reap in reaped}) == 9  # one by wait(pid)
