# SPDX-License-Identifier: MIT
"""Build directories: what their options are, and those that a tool makes for itself."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ucow import LabError

ROOT = Path(__file__).resolve().parents[2]


def options_of(folder: Path) -> dict[str, bool | str]:
    """The options of ucow and of Meson that the build in `folder` is configured with."""
    try:
        options = json.loads((folder / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LabError(f"{folder} is no build directory") from None
    return {option["name"]: option["value"] for option in options}


def command(*words: str | Path):
    """Run a command that must succeed; what it printed is shown when it does not."""
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except FileNotFoundError:
        raise LabError(f"{words[0]} is not installed: apt-get install meson ninja-build clang lld llvm") from None
    if done.returncode != 0:
        raise LabError(f"`{' '.join(map(str, words))}` failed:\n{done.stdout.strip()}")


def built(folder: Path, options: Sequence[str], targets: Sequence[str] = ("kernel/ucow.elf",)) -> Path:
    """The build in `folder`, configured with `options` when it is new, with its targets up to date; its kernel."""
    if not (folder / "build.ninja").is_file():
        os.environ.setdefault("CC_FOR_BUILD", "clang")  # of what runs here: clang counts what it runs, too
        command("meson", "setup", folder, ROOT, "--cross-file", ROOT / "cross/i386.ini", *options)
    command("ninja", "-C", folder, *targets)
    return folder / "kernel/ucow.elf"
