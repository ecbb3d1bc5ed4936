# SPDX-License-Identifier: MIT
"""A container for the compiler and the linker, which read what strangers wrote: bubblewrap, because it needs no daemon, no
image and no rights that a user does not have."""

import functools
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import children
from ..build import ROOT

# Where people keep their files; empty in the container, but for what the build needs.
HIDDEN = ("/home", "/root", "/tmp", "/var/tmp", "/run", "/mnt", "/media", "/srv")


def container(build: Path, scratch: Path) -> Sequence[str]:
    """The words before a command that may read this tree, `build` and the system's programs, and write in `scratch` only,
    without a network; none, if bubblewrap is not installed or may not make a container here."""
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for place in HIDDEN:
        words += ["--tmpfs", place] if Path(place).is_dir() else []
    for place in (sys.prefix, str(ROOT), str(build)):
        words += ["--ro-bind", place, place]
    words += ["--bind", str(scratch), str(scratch), "--chdir", str(build), "--"]
    return words if works() else []


@functools.cache
def works() -> bool:
    """Whether bubblewrap makes containers here: in another container it may not."""
    return shutil.which("bwrap") is not None and children.run(
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "true"]).returncode == 0
