# SPDX-License-Identifier: MIT
"""Linux as the judge: programs for Linux on the kernel of this machine, where that runs programs of the i386.

Such a program may be wrong, and Linux obeys: kill(-1) by root would end every process of the machine. So it runs in a
namespace of pids of its own, in which it sees only its own processes. Where there is none, nothing is run.
"""

import os
import platform
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

from . import LabError, children
from .build import ROOT

# Pid 1 of the namespace is a process that the program's signals do not reach.
NAMESPACE = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--pid", "--fork", "--kill-child"]
# setarch -R: no random addresses, so that the heap begins after the program.
AS_PID_1 = [sys.executable, str(ROOT / "tools/lib/pid_1"), "setarch", "-R"]
NO_I386 = "Exec format error"
NOT_EXECUTED = 126  # the status that setarch has then


def name() -> str:
    """What this machine's kernel is called."""
    return f"Linux {'.'.join(platform.release().split('.')[:2])}"


@cache
def has_namespaces() -> bool:
    """Whether this machine lets a program have its own pids."""
    try:
        return children.run([*NAMESPACE, "true"], timeout=20).returncode == 0
    except LabError:
        return False


def run(program: Path, *arguments: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
    """Run the file as ./NAME in its folder; LabError where this machine cannot."""
    if not has_namespaces():
        raise LabError(f"{name()}, the kernel of this machine, gives programs no pids of their own (unshare --pid): "
                       "a program that is wrong could end other processes, so none is run")
    program.chmod(0o755)
    words = ["timeout", "-k", "2", str(seconds), *NAMESPACE, *AS_PID_1, f"./{program.name}", *arguments]
    done = children.run(words, signal.SIGTERM, cwd=program.parent)
    if done.returncode == NOT_EXECUTED and NO_I386 in done.stdout:
        raise LabError(f"{name()}, the kernel of this machine, does not run programs of the i386")
    return done
