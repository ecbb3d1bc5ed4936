# SPDX-License-Identifier: MIT
"""Physical memory of a guest: from the file behind it, from a core, or over QMP.

read() raises LabError for memory that the source does not have.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from . import LabError
from .qmp import Qmp


ELF_TYPE, ET_CORE = 16, b"\4\0"  # where an ELF header has the type of the file, and that of a core


class Memory(Protocol):
    """What every source of memory can do."""

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes at the physical address."""

    def close(self) -> None:
        """Release the source."""


class FileMemory:
    """The file behind a guest's RAM (memory-backend-file); its machine may run, be stopped, or have ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")

    def read(self, address: int, size: int) -> bytes:
        if address < 0:
            raise LabError(f"{self.path} has a pointer to no memory of the kernel: not this machine's memory, or nothing ran there")
        fits = 0 <= address <= address + size <= os.fstat(self._file.fileno()).st_size
        data = os.pread(self._file.fileno(), size, address) if fits else b""
        if not fits or len(data) != size:
            raise LabError(f"{self.path} ends before physical address {address + size:#x}: not this machine's memory")
        return data

    def close(self) -> None:
        self._file.close()


class CoreMemory:
    """An ELF core, as QEMU's dump-guest-memory writes it."""

    def __init__(self, path: Path) -> None:
        # Only here: importing elftools would cost each module of the serial suite as much as a boot.
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile
        self.path = path
        self._file = path.open("rb")
        try:
            self._segments = [(s["p_paddr"], s["p_filesz"], s["p_offset"])
                              for s in ELFFile(self._file).iter_segments("PT_LOAD")]
        except ELFError as error:
            raise LabError(f"{path} is a damaged core file ({error})") from None

    def read(self, address: int, size: int) -> bytes:
        for start, length, offset in self._segments:
            if start <= address and address + size <= start + length:
                data = os.pread(self._file.fileno(), size, offset + address - start)
                if len(data) == size:
                    return data
        raise LabError(f"{self.path} does not hold physical address {address:#x}: not a whole dump-guest-memory core")

    def close(self) -> None:
        self._file.close()


class QmpMemory:
    """A running or stopped machine, over QMP."""

    def __init__(self, qmp: Qmp) -> None:
        self._qmp = qmp

    def read(self, address: int, size: int) -> bytes:
        return self._qmp.read_memory(address, size)

    def registers(self) -> dict[str, int]:
        """Those of the CPU."""
        return self._qmp.registers()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """The machine does not run meanwhile."""
        runs = self._qmp.execute("query-status")["running"]
        if runs:
            self._qmp.stop()
        try:
            yield
        finally:
            if runs:
                self._qmp.cont()

    def close(self) -> None:
        self._qmp.close()


def may_change(memory: Memory) -> bool:
    """Whether there may be a machine that still changes this memory. False if no process has its file open: the machine
    has ended. The processes of other users count as having it open."""
    if not isinstance(memory, FileMemory):
        return isinstance(memory, QmpMemory)
    return any(_has_open(folder, memory.path) for folder in Path("/proc").iterdir()
               if folder.name.isdecimal() and int(folder.name) != os.getpid())


def _has_open(process: Path, path: Path) -> bool:
    """Whether the process, a folder of /proc, has the file open, or may have it as far as we can see."""
    try:
        return any(fd.exists() and fd.samefile(path) for fd in (process / "fd").iterdir())
    except PermissionError:
        return "qemu" in (process / "comm").read_text(encoding="utf-8")
    except OSError:
        return False  # it has ended


def open_memory(source: str) -> Memory:
    """Open `source`: the path of a memory file or core, or `qmp:` and the path of a socket."""
    if source.startswith("qmp:"):
        return QmpMemory(Qmp.connect(source.removeprefix("qmp:")))
    path = Path(source)
    try:
        if path.is_fifo():  # to open it would wait for a writer
            raise OSError(errno.EINVAL, "Is a pipe")
        with path.open("rb") as file:
            header = file.read(ELF_TYPE + 2)
        if header[:4] != b"\x7fELF":
            return FileMemory(path)
        if header[ELF_TYPE:] != ET_CORE:
            raise OSError(errno.EINVAL, "Is an ELF file, but no core")
    except OSError as error:
        raise LabError(f"{source}: {error.strerror}; name a memory file, a core file or qmp:SOCKET") from None
    return CoreMemory(path)
