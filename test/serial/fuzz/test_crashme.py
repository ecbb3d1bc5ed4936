# SPDX-License-Identifier: MIT
"""user/fuzz/crashme.c: random code ends only its own process (D02, D13); tools/fuzz code tries much more."""

from ucow.fuzz import code

SEED, CHILDREN = 1, 200


def test_random_code(build):
    batch = code(build.folder, SEED, CHILDREN, timeout=build.wall_seconds)
    assert batch.wrong == [], batch.repeat
    assert {"Page Fault", "General Protection", "Invalid Opcode"} < set(batch.counts)
    # Each child gets a few turns; only -Dsched=rr promises that these are enough for it.
    assert batch.counts["died of a trap"] > CHILDREN * (3 if build.sched == "rr" else 2) // 4
