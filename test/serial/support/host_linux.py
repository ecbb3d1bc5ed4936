# SPDX-License-Identifier: MIT
"""Linux as the judge of a program that judges itself, on the host's kernel, where that runs programs of the i386."""

import shutil
from pathlib import Path

from ucow import LabError, host


def agrees(program: Path, folder: Path, *arguments: str) -> None:
    """The program passes on Linux as well, if there is one."""
    copy = folder / program.name
    shutil.copy(program, copy)
    try:
        done = host.run(copy, *arguments, seconds=30)
    except LabError:
        return
    assert done.returncode == 0, done.stdout
