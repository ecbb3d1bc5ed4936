# SPDX-License-Identifier: MIT
"""The child processes and scratch folders of a tool. They end with the tool, however it ends.

A signal that ends the tool (Ctrl-C, SIGTERM, SIGHUP) kills its children, lets no further one start, and removes the
folders. A tool that is killed can do nothing any more: its children have asked the host for a signal at the death
of their parent (prctl(2), PR_SET_PDEATHSIG), and the next tool removes folders that no living process has locked.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from . import LabError

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 10  # after the signal: a tool that has not ended then is killed
SHARED_MEMORY = Path(os.environ.get("UCOW_SHM", "/dev/shm"))
PREFIX = "ucow-scratch-"  # also of tools/lib/children.sh

# The parent may have died before the child asked for its signal; then the child must not start.
IF_PARENT_LIVES = '[ "$PPID" = "$0" ] && exec "$@"'
PACKAGES = {"meson": "meson", "ninja": "ninja-build", "qemu-system-i386": "qemu-system-x86", "setpriv": "util-linux", "prlimit": "util-linux",
            "git": "git",
            "llvm-objdump": "llvm", "gcc": "gcc", "spin": "spin"}

_running: dict[subprocess.Popen[Any], signal.Signals] = {}  # each child with the signal that ends it
_folders: dict[str, int] = {}                               # each scratch folder with the descriptor that locks it
_owner = os.getpid()
_ended_by: signal.Signals | None = None


class Ended(KeyboardInterrupt):
    """The tool got a signal that ends it."""


def own_signals() -> None:
    """Let each signal of ENDING end the tool with its children; a signal that the caller had ignored stays so."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)


def _on_signal(number: int, _: FrameType | None) -> NoReturn:
    global _ended_by  # pylint: disable=global-statement
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    signal.alarm(GRACE_SECONDS)
    _ended_by = signal.Signals(number)
    _signal_children()
    raise Ended(_ended_by.name)


def _signal_children(number: signal.Signals | None = None) -> None:
    """Send each running child, with its process group, the signal, or its own."""
    for child, own in list(_running.items()):
        if child.returncode is None:
            try:
                os.killpg(child.pid, number or own)
            except ProcessLookupError:
                pass  # it has just ended


def check() -> None:
    """Raise Ended once the tool has got a signal: what children say from then on is no result."""
    if _ended_by:
        raise Ended(_ended_by.name)


def end() -> NoReturn:
    """End the tool by the signal that it has got, when its functions have returned."""
    _signal_children(signal.SIGKILL)
    remove_folders()
    number = _ended_by or signal.SIGINT
    sys.stderr.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def missing(program: str) -> LabError:
    """The sentence about a program that is not installed."""
    return LabError(f"{program} is not installed: apt-get install {PACKAGES.get(program, program)}")


def guarded(words: Sequence[str | Path], death: signal.Signals) -> list[str]:
    """The command that runs `words`, with the signal `death` when the calling thread ends."""
    command = [str(word) for word in words]
    for program in ("setpriv", command[0]):
        if shutil.which(program) is None and not Path(program).is_absolute():
            raise missing(program)
    return ["setpriv", "--pdeathsig", death.name.removeprefix("SIG"), "sh", "-c", IF_PARENT_LIVES, str(os.getpid()), *command]


def start(words: Sequence[str | Path], death: signal.Signals = signal.SIGKILL, **options: Any) -> subprocess.Popen[Any]:
    """Start a child in a process group of its own. `death` is the signal that ends it together with the tool: SIGTERM
    for a program that has children itself. Raises LabError if a program is not installed."""
    check()
    try:
        child = subprocess.Popen(guarded(words, death), process_group=0, **options)
    except OSError as error:
        raise LabError(f"{words[0]} cannot be started: {error.strerror}") from None
    for ended in [other for other in list(_running) if other.returncode is not None]:
        _running.pop(ended, None)
    _running[child] = death
    if _ended_by:
        _signal_children()
        check()
    return child


def run(words: Sequence[str | Path], death: signal.Signals = signal.SIGKILL, timeout: float | None = None,
        **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a child to its end, like subprocess.run. stdout and stderr are captured as one text unless `options` says else."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True,
               "errors": "replace"} | options
    with start(words, death, **options) as child:
        try:
            output, errors = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise
    check()
    return subprocess.CompletedProcess(words, child.returncode, output, errors)


def begin_anew() -> None:
    """What a worker, a copy of the tool that was made by fork(), does first: the children and folders are its parent's."""
    global _owner  # pylint: disable=global-statement
    _owner = os.getpid()
    _running.clear()
    _folders.clear()


def end_at_once() -> NoReturn:
    """End this process and its children, without a word."""
    _signal_children(signal.SIGKILL)
    remove_folders()
    os._exit(1)


class Scratch:
    """A folder for the time of a run, `name`: with `size` bytes to come in memory if there is room, else below TMPDIR."""

    def __init__(self, size: int | None = None) -> None:
        parent = folder_for(size)
        remove_orphans(parent)
        self.name = ""
        while not self.name:
            name = str(Path(parent, PREFIX + os.urandom(6).hex()).absolute())
            _folders[name] = -1
            os.mkdir(name, 0o700)
            try:
                lock = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:  # another tool has removed it before it was locked
                del _folders[name]
                continue
            fcntl.flock(lock, fcntl.LOCK_EX)
            _folders[name] = lock
            if os.path.isdir(name):  # or it was removed meanwhile
                self.name = name
        self._finalizer = weakref.finalize(self, _remove, self.name, os.getpid())

    def __enter__(self) -> str:
        return self.name

    def __exit__(self, *_: object) -> None:
        self.cleanup()

    @classmethod
    def for_process(cls) -> str:
        """The name of a folder that is removed at the end of this process."""
        _kept.append(cls())
        return _kept[-1].name

    def cleanup(self) -> None:
        """Remove the folder."""
        self._finalizer()


def folder_for(size: int | None) -> Path:
    """Where a file of `size` bytes can lie: shared memory if it has twice the room, else TMPDIR."""
    if size is not None and os.access(SHARED_MEMORY, os.W_OK) and shutil.disk_usage(SHARED_MEMORY).free > 2 * size:
        return SHARED_MEMORY
    return Path(tempfile.gettempdir())


def _remove(name: str, owner: int) -> None:
    if owner != os.getpid():
        return  # a worker has inherited it
    shutil.rmtree(name, ignore_errors=True)
    lock = _folders.pop(name, -1)
    if lock >= 0:
        os.close(lock)


def remove_folders() -> None:
    """Remove all scratch folders of this process."""
    for name in list(_folders):
        _remove(name, _owner)


_kept: list[Scratch] = []
_looked_in: set[Path] = set()


def remove_orphans(parent: Path) -> None:
    """Remove the scratch folders in `parent` of tools that were killed; looks once."""
    if parent in _looked_in:
        return
    _looked_in.add(parent)
    for path in parent.glob(PREFIX + "*"):
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # gone, or another user's
        try:
            if os.fstat(lock).st_uid == os.getuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            pass  # its tool lives
        finally:
            os.close(lock)
