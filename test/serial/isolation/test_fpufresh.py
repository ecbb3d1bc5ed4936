# SPDX-License-Identifier: MIT
"""user/isolation/fpufresh.c: the FPU shows nothing of other processes. (D92, D103)

The processors differ in how its state is saved: fnsave alone, fxsave without SSE, fxsave with SSE.
"""

import pytest


@pytest.mark.parametrize("cpu", ["pentium2,fxsr=off", "qemu32,fxsr=off", "pentium2", "pentium3", "qemu32", "max"])
def test_nothing_of_the_neighbour(run, cpu):
    run("fpufresh", cpu=cpu).lines.once("fpufresh pass.")
