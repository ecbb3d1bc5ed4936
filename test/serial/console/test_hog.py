# SPDX-License-Identifier: MIT
"""user/console/hog.c: a process that uses a lock all the time does not keep others from it. (D91)"""

import pytest


@pytest.mark.parametrize("lock", ["write", "pgdir", "memory"])
def test_the_other_gets_the_lock(run, lock):
    out = run("hog", lock)
    out.lines.once("hog pass.")
