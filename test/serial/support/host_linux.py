# SPDX-License-Identifier: MIT
"""Linux as the judge: a program for Linux runs on the host's kernel, too, where that runs programs of the i386."""

import shutil
import subprocess
from pathlib import Path

TIMEOUT = 30


def on_host(program: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str] | None":
    """What the program prints and returns on this machine; None if its kernel does not run such programs."""
    copy = folder / program.name
    shutil.copy(program, copy)
    copy.chmod(0o755)
    try:
        return subprocess.run([copy, *arguments], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except OSError:
        return None


def agrees(program: Path, folder: Path, *arguments: str) -> None:
    """The program, which judges itself, passes on Linux as well."""
    done = on_host(program, folder, *arguments)
    assert done is None or done.returncode == 0, done.stdout + done.stderr
