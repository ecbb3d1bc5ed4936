# SPDX-License-Identifier: MIT
"""A machine to boot ucow on: QEMU, its command line, and what is left when it has ended.

Time is virtual (-icount), so a run repeats instruction for instruction however busy the host is;
wall-clock time is only a backstop. Guest memory is a file, so the trace can be read after the
end, however the end came.
"""

import codecs
import errno
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from . import LabError, children, quoting
from .children import Scratch
from .counters import collect
from .serial import Lines
from .memory import FileMemory
from .qmp import Qmp
from .symbols import Symbols
from .trace import Trace, read_trace

# What QEMU exits with when the kernel wrote 0x10 to 0x13 to isa-debug-exit: kernel/dev/power.h.
PASSED, PROGRAM_FAILED, PANIC, CHECK_FAILED = 33, 35, 37, 39
MEANING = {
    PASSED: "passed",
    PROGRAM_FAILED: "the program's exit code was not 0",
    PANIC: "panic",
    CHECK_FAILED: "a check failed",
    0: "QEMU ended by itself: a triple fault, a reset or a power-off without a verdict",
    None: "killed by the wall-clock backstop: the machine hung",
    -signal.SIGXCPU: "ended by its limit of processor time: the machine hung",
}
WALL_SECONDS = float(os.environ.get("UCOW_WALL_SECONDS", 60))  # tools/mutate limits processor time instead
SHORTEST_PAUSE, LONGEST_PAUSE = 0.001, 0.02  # seconds between two looks at what a machine has printed
STATUS_PAUSE = 1.0  # seconds without output before QEMU is asked whether the machine is off

SWAP_FILE = Path("/tmp", f"ucow-swap-{os.getuid()}")  # the empty disk of a run that is repeated by hand

SIZE_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

SEABIOS, QBOOT = "seabios", "qboot"
symbols_of = lru_cache(maxsize=None)(Symbols)


def status_text(status: int | None) -> str:
    """An exit status with what it means."""
    return f"{status} ({MEANING.get(status, 'QEMU itself failed')})"


def size_bytes(text: str) -> int:
    """`128M` as a number of bytes."""
    number, unit = text[:-1], text[-1:].upper()
    if unit not in SIZE_UNITS or not number.isdecimal():
        raise LabError(f"size {text!r}: write a number and K, M or G, as in 128M")
    return int(number) * SIZE_UNITS[unit]


class DiskError(NamedTuple):
    """The n-th transfer of a kind fails, and with `lasting` all that follow it, too.

    The kernel sees the drive end the command with an error. A transfer is what one
    command asks for: a page if the driver uses multiple mode.
    """
    kind: str              # "read" or "write"
    n: int                 # from 1
    lasting: bool = False


MAX_DISK_ERROR = 500  # each transfer up to it is a rule on QEMU's command line


def _disk_error_rules(errors: Sequence[DiskError]) -> dict[str, str | int]:
    """QEMU's blkdebug told to make these errors, all of one kind: its states count the transfers."""
    kind, last = errors[0].kind, max(error.n for error in errors)
    rules: dict[str, str | int] = {}
    for n in range(1, last + 1):
        rules |= {f"set-state.{n - 1}.event": f"{kind}_aio", f"set-state.{n - 1}.state": n,
                  f"set-state.{n - 1}.new_state": n + 1}
    for i, error in enumerate(errors):
        rules |= {f"inject-error.{i}.event": f"{kind}_aio", f"inject-error.{i}.state": error.n,
                  f"inject-error.{i}.iotype": kind, f"inject-error.{i}.once": "off" if error.lasting else "on",
                  f"inject-error.{i}.errno": errno.EIO}
    return rules


def _disk(image: Path, errors: Sequence[DiskError]) -> list[str]:
    """QEMU's words for the second IDE disk; the errors of each kind are a layer of their own, with its own count.

    QEMU guesses a geometry that is not given by a first read, which would count.
    """
    options: dict[str, str | int] = {"if": "none", "id": "swap", "cache": "unsafe", "driver": "raw"}
    where = "file"
    for kind in ("read", "write"):
        if rules := [error for error in errors if error.kind == kind]:
            options[f"{where}.driver"] = "blkdebug"
            options |= {f"{where}.{name}": value for name, value in _disk_error_rules(rules).items()}
            options[f"{where}.image.driver"] = "raw"
            where += ".image.file"
    options |= {f"{where}.driver": "file", f"{where}.filename": quoting.option_value(Path(image).absolute())}
    return ["-drive", ",".join(f"{name}={value}" for name, value in options.items()),
            "-device", "ide-hd,drive=swap,bus=ide.0,unit=1,cyls=16383,heads=16,secs=63,rerror=report,werror=report"]


@lru_cache(maxsize=None)
def quickest_firmware() -> str:
    """qboot, which boots in a quarter of SeaBIOS's time, if QEMU's data folder has it."""
    qemu = shutil.which("qemu-system-i386")
    data = Path(qemu).resolve().parents[1] / "share/qemu" if qemu else Path()
    return QBOOT if (data / "qboot.rom").is_file() else SEABIOS


@dataclass
class Machine:
    """What to boot.

    `options` are key=value words for the kernel, `program` the first program and its arguments,
    `modules` programs from outside by name; `append` stands for the whole command line instead.
    `swap` is the size of an empty second disk, `swap_image` a file that is the disk, and is written to;
    `swap_errors` are DiskErrors, or tuples like them. `firmware` is SEABIOS or QBOOT. `limits` are the words of a command
    that starts QEMU with limits.
    """
    elf: Path
    program: Sequence[str] = ()
    options: Sequence[str] = ()
    modules: Mapping[str, Path] = field(default_factory=dict)
    append: str | None = None
    memory: str = "128M"
    cpu: str | None = None
    extra: Sequence[str] = ()
    swap: str | None = None
    swap_image: Path | None = None
    swap_errors: Sequence[DiskError | tuple[str, int] | tuple[str, int, bool]] = ()
    firmware: str = field(default_factory=quickest_firmware)
    limits: Sequence[str] = ()

    def command_line(self) -> str:
        """What the kernel is told."""
        if self.append is not None:
            return self.append
        return quoting.command_line(self.options, self.program)

    def folder(self) -> Path | None:
        """The folder in which the command must run; None: any."""
        return quoting.module_folder(self.modules)

    def _swap_disk(self, empty_image: Path) -> list[str]:
        errors = [DiskError(*error) for error in self.swap_errors]
        for error in errors:
            if error.kind not in ("read", "write") or not 1 <= error.n <= MAX_DISK_ERROR:
                raise LabError(f"{error}: the kind is read or write, n from 1 to {MAX_DISK_ERROR}")
        if self.swap and self.swap_image:
            raise LabError("swap is the size of an empty disk, swap_image a disk there is: give one of them")
        if errors and not self.swap and not self.swap_image:
            raise LabError("swap_errors without a disk that could make them: give swap or swap_image, too")
        if self.swap_image and not Path(self.swap_image).is_file():
            raise LabError(f"{self.swap_image}: no such file to be the second disk")
        return _disk(self.swap_image or empty_image, errors) if self.swap or self.swap_image else []

    def command(self, serial: str = "stdio", memory_file: Path | None = None,
                swap_file: Path = SWAP_FILE) -> list[str]:
        """The QEMU command that boots this machine, in folder(); by itself it repeats a run on the terminal.

        An empty second disk is `swap_file`, which scratch() makes, or what repeat() says.
        """
        ram = ["-machine", "pc"]
        if memory_file:
            ram = ["-object", f"memory-backend-file,id=ram,size={self.memory},share=on,"
                   f"mem-path={quoting.option_value(memory_file)}",
                   "-machine", "pc,memory-backend=ram"]
        return ["qemu-system-i386", "-kernel", quoting.kernel_path(Path(self.elf)), "-append", self.command_line(),
                *(["-initrd", quoting.module_list(self.modules)] if self.modules else []),
                *(["-bios", "qboot.rom"] if self.firmware == QBOOT else []),
                "-m", self.memory, *ram, *(["-cpu", self.cpu] if self.cpu else []),
                "-nodefaults", "-display", "none", "-serial", serial, "-no-reboot",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-device", "ib700", "-action", "watchdog=inject-nmi",
                "-icount", "shift=7,sleep=off", "-rtc", "base=2020-01-01,clock=vm",
                *self._swap_disk(swap_file), *self.extra]

    def scratch(self) -> Scratch:
        """A folder for a run: its `memory` will be the guest's, its `swap` is the empty second disk."""
        swap_bytes = size_bytes(self.swap) if self.swap else 0
        folder = Scratch(size_bytes(self.memory) + swap_bytes)
        if self.swap:
            with Path(folder.name, "swap").open("wb") as file:
                file.truncate(swap_bytes)
        return folder

    def run(self, timeout: float = WALL_SECONDS) -> "Run":
        """Boot, wait for the end, and return what is left."""
        scratch = self.scratch()
        folder = Path(scratch.name)
        output = folder / "serial"
        output.touch()
        command = [*self.limits, *self.command(f"file:{output}", folder / "memory", folder / "swap")]
        with _launch(command, self.folder(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            seconds, status, complaint = _wait(process, timeout)
        return Run(self, scratch, status, output.read_text(errors="replace"), complaint, seconds)

    def start(self, timeout: float = WALL_SECONDS) -> "Live":
        """Boot and return at once, with the serial line and QMP in hand."""
        return Live(self, timeout)


def _launch(command: list[str], folder: Path | None, **files: Any) -> subprocess.Popen[str]:
    """Start QEMU, whose complaints come on stderr; `files` as subprocess.Popen has them."""
    return children.start(command, stderr=subprocess.PIPE, text=True, cwd=folder, **files)


def _wait(process: subprocess.Popen[str], timeout: float) -> tuple[float, int | None, str]:
    """Wait for QEMU to end, kill it at the backstop: seconds, status or None, what QEMU said."""
    start = time.monotonic()
    try:
        _, complaint = process.communicate(timeout=timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        _, complaint = process.communicate()
        status = None
    children.check()
    if status == -signal.SIGBUS:
        raise LabError("there was no room for the machine's memory: free some in "
                       + " and in ".join(sorted({str(children.SHARED_MEMORY), tempfile.gettempdir()})))
    return time.monotonic() - start, status, complaint.strip()


class Run:
    """A machine that has ended: its status, serial output, memory and trace."""

    def __init__(self, machine: Machine, scratch: Scratch, status: int | None, serial: str,
                 complaint: str, seconds: float, typed: str = "") -> None:
        self.machine = machine
        self.typed = typed
        self.status = status
        self.lines = Lines(serial)
        self.complaint = complaint
        self.seconds = seconds
        self._scratch = scratch
        collect(machine.elf, self.memory_file)

    @property
    def memory_file(self) -> Path:
        """What was the guest's memory, until close()."""
        return Path(self._scratch.name, "memory")

    @cached_property
    def symbols(self) -> Symbols:
        return symbols_of(self.machine.elf)

    @cached_property
    def trace(self) -> Trace:
        """The events in the order they happened."""
        if not self.memory_file.exists():
            raise LabError("QEMU did not get as far as to make the guest's memory")
        memory = FileMemory(self.memory_file)
        try:
            return read_trace(memory, self.symbols)
        finally:
            memory.close()

    def repeat(self) -> str:
        """One shell command that repeats the run on the terminal."""
        command = shlex.join(self.machine.command())
        if folder := self.machine.folder():
            command = f"cd {shlex.quote(str(folder))} && {command}"
        if self.machine.swap:
            file = shlex.quote(str(SWAP_FILE))
            return f"truncate -s 0 {file} && truncate -s {self.machine.swap} {file} && {command}"
        return command

    def close(self) -> None:
        """Forget the memory file."""
        self._scratch.cleanup()


class Live:
    """A machine that runs: type at its serial line, look at it through `.qmp`.

    What it prints goes to a file, which takes any amount at once, and is read from there. With a socket or a pipe, which
    hold little, a machine would wait for a slow reader, and lose output when it gives up or ends.

    A context manager; leaving it ends the machine, however it was left.
    """

    def __init__(self, machine: Machine, timeout: float, inherited: Sequence[int] = ()) -> None:
        """`inherited` are descriptors that the machine's options name."""
        self.machine = machine
        self._scratch = machine.scratch()
        self._deadline = time.monotonic() + timeout
        self._start = time.monotonic()
        log = Path(self._scratch.name, "serial")
        self._serial = log.open("w+b", buffering=0)
        self._keyboard, keyboard_end = socket.socketpair()
        qmp, qmp_end = socket.socketpair()
        command = machine.command("stdio", self.memory_file, Path(self._scratch.name, "swap"))
        command += ["-chardev", f"socket,id=qmp,fd={qmp_end.fileno()}", "-mon", "chardev=qmp,mode=control"]
        with keyboard_end, qmp_end, log.open("ab") as output:
            self.process = _launch(command, machine.folder(), stdin=keyboard_end, stdout=output,
                                   pass_fds=(qmp_end.fileno(), *inherited))
        self._heard = self._unread = self._typed = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a character may come in parts
        try:
            self.qmp = Qmp(qmp)
        except LabError as error:
            self.process.kill()
            raise LabError(f"QEMU did not start: {self.process.communicate()[1].strip() or error}") from None

    @property
    def memory_file(self) -> Path:
        """The file that backs the guest's memory."""
        return Path(self._scratch.name, "memory")

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
            collect(self.machine.elf, self.memory_file)
            self._scratch.cleanup()
        self.qmp.close()
        self._keyboard.close()
        self._serial.close()

    @property
    def printed_bytes(self) -> int:
        """How much the machine has printed."""
        return os.fstat(self._serial.fileno()).st_size

    def _left(self) -> float:
        """Seconds until the backstop; never quite 0, which sockets take for "do not wait"."""
        return max(0.01, self._deadline - time.monotonic())

    def _read(self) -> bool:
        """Read what the machine has printed since the last time; False if there is nothing."""
        text = self._decoder.decode(self._serial.read()).replace("\r", "")
        self._heard += text
        self._unread += text
        return bool(text)

    def _is_off(self) -> bool:
        """Whether the machine is off though its process goes on: `-action shutdown=pause` has it stay."""
        try:
            return bool(self.qmp.execute("query-status")["status"] == "shutdown")
        except LabError:
            return self.process.poll() is not None

    def _receive(self) -> bool:
        """Wait until the machine prints, and read it; False when it has ended or the backstop is reached."""
        pause, asked = SHORTEST_PAUSE, time.monotonic()
        while True:
            ended = self.process.poll() is not None  # asked first: what it printed last is there then
            if not ended and time.monotonic() > asked + STATUS_PAUSE:
                asked, ended = time.monotonic(), self._is_off()
            if self._read():
                return True
            if ended or time.monotonic() >= self._deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def heard(self) -> str:
        """What the machine has printed and expect() has not returned yet; does not wait."""
        self._read()
        seen, self._unread = self._unread, ""
        return seen

    def expect(self, text: str) -> str:
        """Wait until the machine has printed `text`; returns all that was unread, up to its end."""
        while text not in self._unread:
            if not self._receive():
                how = "hung" if time.monotonic() >= self._deadline else "ended"
                raise AssertionError(f"expected {text!r} on the serial line; the machine {how} after\n"
                                     f"{Lines(self._heard).numbered()}")
        seen, _, self._unread = self._unread.partition(text)
        return seen + text

    def type(self, text: str) -> None:
        """Type `text` at the serial line."""
        self._typed += text
        self._keyboard.settimeout(self._left())
        self._keyboard.sendall(text.encode())

    def finish(self) -> Run:
        """Wait for the machine to end by itself."""
        _, status, complaint = _wait(self.process, self._left())
        seconds = time.monotonic() - self._start
        self._read()
        return Run(self.machine, self._scratch, status, self._heard, complaint, seconds, self._typed)

    def abandon(self) -> Run:
        """End the machine at once, and return what is left."""
        self._deadline = 0
        return self.finish()
