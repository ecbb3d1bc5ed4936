# SPDX-License-Identifier: MIT
"""How often the kernel's code ran: the counters of -Dcoverage=true, out of the memory of machines that have ended.

The kernel only counts; the counters, and the tables that say what each of them counts, are sections of its ELF
file. A machine's are added to the file FILE.counters beside that kernel, so a thousand machines take the room of
one. Counts of an older build of the kernel are forgotten.
"""

import fcntl
import os
import struct
from array import array
from functools import lru_cache
from operator import add
from pathlib import Path
from typing import BinaryIO

from . import LabError
from .elf32 import Elf32
from .memory import FileMemory
from .symbols import physical

DATA, COUNTERS, NAMES = "__llvm_prf_data", "__llvm_prf_cnts", "__llvm_prf_names"

# What a file of raw counts begins with, by the version of clang (its InstrProfData.inc): the version of the format, the
# size of a record of DATA, the last kind of values, and the fields.
FORMATS = {
    14: (8, 40, 1, "magic version ids records pad counters pad names counters_delta names_delta kinds"),
    19: (10, 48, 2, "magic version ids records pad counters pad bitmap pad names counters_delta bitmap_delta "
                    "names_delta vtables vnames kinds"),
}
MAGIC = int.from_bytes(b"\xfflprofR\x81", "big")  # R: addresses of 32 bits


@lru_cache(maxsize=None)
def _sections(elf: Path) -> dict[str, tuple[int, bytes]]:
    """Address and bytes of the three sections; {} for a kernel that does not count."""
    sections = Elf32(elf.read_bytes()).sections
    found = [(name, sections.get(name)) for name in (DATA, COUNTERS, NAMES)]
    return {name: (section.address, section.data) for name, section in found if section and section.data}


def counters_file(elf: Path) -> Path:
    """Where the counts of all machines that booted this kernel are."""
    return elf.with_name(elf.name + ".counters")


def _counted(elf: Path, memory_file: Path) -> "array[int] | None":
    """The counters of one machine; None when it did not get as far as to load the kernel."""
    sections = _sections(elf)
    memory = FileMemory(memory_file)
    try:
        names, counters = (memory.read(physical(address), len(data))
                           for address, data in (sections[NAMES], sections[COUNTERS]))
    except LabError:
        return None
    finally:
        memory.close()
    return array("Q", counters) if names == sections[NAMES][1] else None


def _read(file: BinaryIO, elf: Path) -> "array[int]":
    """What is in a file of counts; nothing when the kernel is younger."""
    file.seek(0)
    return array("Q", file.read()) if os.fstat(file.fileno()).st_mtime > elf.stat().st_mtime else array("Q")


def collect(elf: Path, memory_file: Path) -> None:
    """Add what a machine has counted; nothing happens when its kernel does not count."""
    if not elf.is_file() or not _sections(elf) or not memory_file.exists() or not (seen := _counted(elf, memory_file)):
        return
    with counters_file(elf).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if before := _read(file, elf):
            seen = array("Q", map(add, before, seen))
        file.truncate(0)
        seen.tofile(file)


def raw_profile(elf: Path, clang: int) -> bytes:
    """The counts of a kernel as llvm-profdata of clang's version reads them."""
    if clang not in FORMATS:
        raise LabError(f"clang {clang} may write its counts in another way than {' and '.join(map(str, FORMATS))}: "
                       "build with one of them, or add its format to tools/ucow/counters.py")
    sections, path = _sections(elf), counters_file(elf)
    if not sections:
        raise LabError(f"{elf} does not count: build it with -Dcoverage=true")
    if not path.exists():
        raise LabError(f"no machine has booted {elf} since it was built: run the tests first")
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        if not (counts := _read(file, elf)):
            raise LabError(f"no machine has booted {elf} since it was built: run the tests first")
    version, size, kinds, fields = FORMATS[clang]
    (data_at, data), (counters_at, _), (names_at, names) = (sections[name] for name in (DATA, COUNTERS, NAMES))
    records = -(-len(data) // size)
    values = {"magic": MAGIC, "version": version, "records": records, "counters": len(counts), "names": len(names),
              "counters_delta": (counters_at - data_at) & 0xFFFFFFFF, "names_delta": names_at, "kinds": kinds}
    head = struct.pack(f"<{len(fields.split())}Q", *(values.get(field, 0) for field in fields.split()))
    return head + data.ljust(records * size, b"\0") + counts.tobytes() + names + bytes(-len(names) % 8)
