# SPDX-License-Identifier: MIT
"""A container for the compiler and the linker, which read what strangers wrote: bubblewrap, because it needs no daemon, no
image and no rights that a user does not have."""

import functools
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import children
from ..build import ROOT

# What the programs of a system are made of. Nothing else of the host is there, unless the build needs it.
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt", "gnu", "nix")
SYSTEM_FILES = ("/etc/alternatives", "/etc/ld.so.cache")
NO_USER = "65534"

MISSING = ("bubblewrap is not installed, or may make no container here: the compiler reads the submissions with your rights. "
           "Grade work of strangers in a virtual machine")


def container(build: Path, scratch: Path) -> Sequence[str]:
    """The words before a command that may read this tree, `build` and the system's programs, and write in `scratch` only,
    without a network and without the caller's environment; none, if there is no container here."""
    if not works():
        return []
    words = begin()
    for place in (sys.prefix, str(ROOT), str(build)):
        words += ["--ro-bind", place, place]
    return [*words, "--bind", str(scratch), str(scratch), "--remount-ro", "/", "--chdir", str(build), "--"]


def begin() -> list[str]:
    """bubblewrap with the system's programs, for a user who owns nothing."""
    words = ["bwrap", "--unshare-all", "--unshare-user", "--uid", NO_USER, "--gid", NO_USER, "--die-with-parent", "--new-session",
             "--clearenv", "--setenv", "PATH", os.environ.get("PATH", os.defpath), "--setenv", "HOME", "/tmp",
             "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for place in (Path("/", name) for name in SYSTEM):
        if place.is_symlink():
            words += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            words += ["--ro-bind", str(place), str(place)]
    for name in SYSTEM_FILES:
        words += ["--ro-bind-try", name, name]
    return words


@functools.cache
def works() -> bool:
    """Whether bubblewrap makes containers here: in another container it may not."""
    return shutil.which("bwrap") is not None and children.run([*begin(), "true"]).returncode == 0
