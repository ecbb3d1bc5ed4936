# SPDX-License-Identifier: MIT
"""Machines that lack some of QEMU's usual options, or have others."""

from collections.abc import Sequence
from dataclasses import dataclass

from ucow.machine import Machine

# While the kernel has nothing to do, time passes as the host's. So a machine that hangs, or waits for someone to type, takes no
# processor time; with sleep=off it goes from tick to tick as fast as the host can.
IDLES = ["-icount", "shift=7,sleep=on"]


@dataclass
class Rewired(Machine):
    """A machine without some of QEMU's options (each with its value); `extra` may add others."""
    without: Sequence[str] = ()

    def command(self, *where, **more) -> list[str]:
        words = super().command(*where, **more)
        for start in [i for i, word in enumerate(words) if word in self.without][::-1]:
            del words[start:start + 2]
        return words


def rewired(machine: Machine, without: Sequence[str], extra: Sequence[str] = ()) -> Rewired:
    """`machine` without some options and with others."""
    return Rewired(**vars(machine) | {"extra": extra}, without=without)
