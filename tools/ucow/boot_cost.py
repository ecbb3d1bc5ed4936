# SPDX-License-Identifier: MIT
"""What the kernel's part of the boot costs: from its first instruction to that of the first program.

Under `-icount shift=0` the time stamp counter counts instructions from power-on. Up to the kernel's entry the kernel
and a copy of it that stores the counter there run the same instructions.
"""

from collections.abc import Callable
from pathlib import Path

from elftools.elf.elffile import ELFFile

from . import LabError
from .children import Scratch
from .machine import PASSED, Machine, Run, status_text
from .memory import FileMemory

SCRATCH = 0x8000  # physical memory that is unused at the kernel's entry


def stamping_kernel(elf_bytes: bytes, entry_offset: int) -> bytes:
    """The same kernel, changed to store the time stamp counter and exit at its entry."""
    low, high = (address.to_bytes(4, "little") for address in (SCRATCH, SCRATCH + 4))
    code = (b"\x0f\x31"              # rdtsc
            + b"\xa3" + low          # mov %eax, SCRATCH
            + b"\x89\x15" + high     # mov %edx, SCRATCH + 4
            + b"\xb0\x10\xe6\xf4")   # mov $0x10, %al; out %al, $0xf4
    return elf_bytes[:entry_offset] + code + elf_bytes[entry_offset + len(code):]


def entry_offset(kernel: Path) -> int:
    """The file offset of the kernel's first instruction."""
    with kernel.open("rb") as file:
        elf = ELFFile(file)
        offset, = elf.address_offsets(elf["e_entry"])
    return offset


def entry_stamp(kernel: Path, run: Callable[[Path], Run]) -> int:
    """The time stamp counter at the kernel's entry; `run` boots a kernel on the machine in question."""
    with Scratch() as folder:
        stamping = Path(folder, "ucow.elf")
        stamping.write_bytes(stamping_kernel(kernel.read_bytes(), entry_offset(kernel)))
        done = run(stamping)
    try:
        if done.status != PASSED:
            raise LabError(f"the changed kernel ended with status {status_text(done.status)}:\n{done.lines.numbered(20)}")
        memory = FileMemory(done.memory_file)
        try:
            return int.from_bytes(memory.read(SCRATCH, 8), "little")
        finally:
            memory.close()
    finally:
        done.close()
