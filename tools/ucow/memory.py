# SPDX-License-Identifier: MIT
"""Physical memory of a guest, read from wherever it is.

Every source has `read(address, size)`; what the source cannot give raises LabError.
"""

import os
from pathlib import Path

from . import LabError
from .qmp import Qmp


class FileMemory:
    """The file behind a guest's RAM (memory-backend-file): its machine may run, be stopped or gone."""

    def __init__(self, path: Path):
        self.path = path
        self._file = path.open("rb")

    def read(self, address: int, size: int) -> bytes:
        data = os.pread(self._file.fileno(), size, address)
        if len(data) != size:
            raise LabError(f"{self.path} ends before physical address {address + size:#x}: not this machine's memory")
        return data

    def close(self):
        self._file.close()


class CoreMemory:
    """An ELF core, as QEMU's dump-guest-memory writes it."""

    def __init__(self, path: Path):
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

    def close(self):
        self._file.close()


class QmpMemory:
    """A living machine, asked over QMP."""

    def __init__(self, qmp: Qmp):
        self._qmp = qmp
        self.read = qmp.read_memory

    def close(self):
        self._qmp.close()


def open_memory(source: str) -> FileMemory | CoreMemory | QmpMemory:
    """Open `source`: the path of a memory file or core, or `qmp:` and the path of a socket."""
    if source.startswith("qmp:"):
        return QmpMemory(Qmp.connect(source.removeprefix("qmp:")))
    path = Path(source)
    try:
        with path.open("rb") as file:
            is_core = file.read(4) == b"\x7fELF"
    except OSError as error:
        raise LabError(f"{source}: {error.strerror}; name a memory file, a core file or qmp:SOCKET") from None
    return CoreMemory(path) if is_core else FileMemory(path)
