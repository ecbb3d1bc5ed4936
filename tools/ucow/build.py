# SPDX-License-Identifier: MIT
"""Build directories: what their options are, and those that a tool makes for itself."""

import fcntl
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import LabError, children

ROOT = Path(__file__).resolve().parents[2]
KERNEL = "kernel/ucow.elf"  # in a build directory


def options_of(folder: Path) -> dict[str, bool | str]:
    """The options of ucow and of Meson that the build in `folder` is configured with."""
    try:
        options = json.loads((folder / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LabError(f"{folder} is no build directory") from None
    return {option["name"]: option["value"] for option in options}


def has_option(folder: Path, option: str) -> bool:
    """Whether the build in `folder` is configured with an option such as -Dcow=false. Other words make no difference."""
    name, _, value = option.removeprefix("-D").partition("=")
    return not option.startswith("-D") or str(options_of(folder).get(name)).lower() == value.lower()


def command(*words: str | Path) -> None:
    """Run a command that must succeed; the error has its output. What it leaves in TMPDIR when it is killed is removed."""
    with children.Scratch() as scratch:
        done = children.run(words, signal.SIGTERM, env={**os.environ, "TMPDIR": scratch})
    if done.returncode != 0:
        raise LabError(f"`{' '.join(map(str, words))}` failed:\n{done.stdout.strip()}")


@contextmanager
def refusal_of_meson() -> Iterator[None]:
    """Of a LabError of command("meson", ...) keep the sentence that says why meson.build refuses the options."""
    try:
        yield
    except LabError as error:
        refused = re.search(r"ERROR: (?:Problem encountered: )?(.*)", str(error))
        raise LabError(refused[1] if refused else str(error)) from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a build directory, as tools/run does: two builds at once would disturb each other."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


MAY_BE_FIRST = {"meson-private", "site", "libc", "playground", "playground-npm"}  # see is_fresh() in tools/lib/setup.sh


def is_configured(folder: Path) -> bool:
    """False also for a folder that this user may not look into."""
    return os.path.isfile(folder / "build.ninja")


def check_place(folder: Path) -> None:
    """Refuse a build directory of another user or source tree, or a copy of one: ninja would build at the recorded place."""
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.exists(place))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise LabError(f"{folder} cannot be written: choose another directory")
    if not (folder / "meson-private/coredata.dat").is_file():
        if folder.is_dir() and {path.name for path in folder.iterdir()} - MAY_BE_FIRST:
            raise LabError(f"{folder} is not empty and no build directory: choose another one")
        return
    info = folder / "meson-info/meson-info.json"
    if not info.is_file():
        return
    recorded = json.loads(info.read_text(encoding="utf-8"))["directories"]
    if recorded["source"] != str(ROOT) or Path(recorded["build"]) != folder.resolve():
        raise LabError(f"{folder} was configured as {recorded['build']} for {recorded['source']}: remove it, "
                       "or choose another directory")


def built(folder: Path, options: Sequence[str], targets: Sequence[str] = (KERNEL,)) -> Path:
    """The kernel of the build in `folder`, which is configured with `options` if it is new, and must have them otherwise;
    builds the targets."""
    check_place(folder)
    for program in ("meson", "ninja"):
        if shutil.which(program) is None:
            raise children.missing(program)
    with locked(folder):
        if not is_configured(folder):
            os.environ.setdefault("CC_FOR_BUILD", "clang")  # for the unit tests, whose coverage clang counts
            command("meson", "setup", folder, ROOT, "--cross-file", ROOT / "cross/i386.ini", *options)
        elif differing := [option for option in options if not has_option(folder, option)]:
            raise LabError(f"{folder} is configured without {' '.join(differing)}: remove it, or choose another directory")
        command("ninja", "-C", folder, *targets)
    return folder / KERNEL
