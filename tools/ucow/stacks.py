# SPDX-License-Identifier: MIT
"""The stacks of processes that do not run: kernel frames and user frames, each with function, file and line.

Kernel and programs keep frame pointers: [ebp] is the caller's frame pointer, [ebp + 4] the return address. A process that
does not run has its kernel frame pointer on top of its kernel stack; the chain ends with 0 where the process entered the
kernel, and goes on with the registers that it saved there.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from . import LabError
from .machine import symbols_of
from .memory import QmpMemory
from .naming import PAGE_BYTES, USERTOP
from .pages import ENTRIES, PRESENT, PROC, TABLE_BYTES, Guest, Process
from .symbols import KERNBASE, inlined, lines_of, physical

LINEAR_BYTES = 0x38000000  # KMEMSIZE of kernel/arch/i386/linear.h
LARGE = 0x80
TRAP = "arch/i386/trapframe.c"
MOST_FRAMES = 40
REGISTERS = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "eflags", "cs", "ss", "ds", "es", "fs", "gs",
             "trapno", "err")

Word = Callable[[int], int]


def entries_of(guest: Guest, directory: int, va: int) -> tuple[int, int]:
    """The entry of the page directory at a physical address for `va`, and that of the page table; 0 if there is none."""
    pde = int.from_bytes(guest.memory.read(directory + va // TABLE_BYTES * 4, 4), "little")
    if not pde & PRESENT or pde & LARGE:
        return pde, 0
    at = (pde & -PAGE_BYTES) + va // PAGE_BYTES % ENTRIES * 4
    return pde, int.from_bytes(guest.memory.read(at, 4), "little")


def reader(guest: Guest, process: Process | None) -> Word:
    """Reads a word at a virtual address: of the kernel, or in the memory of `process`."""
    def word(va: int) -> int:
        if KERNBASE <= va < KERNBASE + LINEAR_BYTES:
            return guest.word(va)
        directory = guest.symbols.address("kernel_pgdir")
        if va < USERTOP and process:
            directory = guest.member(process.mm, "mm/mm.c", "mm", "pgdir")
        pde, pte = entries_of(guest, physical(directory), va)
        if not pde & PRESENT or not pte & PRESENT:
            raise LabError(f"no page is at {va:#010x}")
        return int.from_bytes(guest.memory.read((pte & -PAGE_BYTES) + va % PAGE_BYTES, 4), "little")
    return word


def current(guest: Guest) -> int:
    """The address of the process that runs."""
    return guest.member(guest.symbols.address("boot_cpu"), PROC, "cpu", "current")


def kernel_stack_bytes(guest: Guest) -> int:
    tss = guest.symbols.address("cpu_tss") + guest.layout.members("arch/i386/gdt.c", "tss")["esp0"].offset
    size = guest.word(tss) - guest.member(current(guest), PROC, "proc", "kstack")
    if size <= 0 or size % PAGE_BYTES:
        raise LabError("the machine is in the middle of a switch: continue a little")
    return size


def trapframe(guest: Guest, process: Process) -> dict[str, int]:
    """The registers that a process had when it entered the kernel."""
    if not process.mm:
        raise LabError(f"process {process.pid} has no user memory, and so no user registers")
    top = guest.member(process.address, PROC, "proc", "kstack") + kernel_stack_bytes(guest)
    frame, word = top - guest.layout.size(TRAP, "trapframe"), reader(guest, None)
    members = guest.layout.members(TRAP, "trapframe")
    return {name: word(frame + members[name].offset) for name in REGISTERS}


def chain(word: Word, pc: int, ebp: int) -> Iterator[int]:
    """The code addresses from `pc` on to the outermost caller; a chain that is broken ends."""
    yield pc
    for _ in range(MOST_FRAMES):
        try:
            above, pc = word(ebp), word(ebp + 4)
        except LabError:
            return
        if not pc:
            return
        yield pc
        if above <= ebp:
            return
        ebp = above


def user_frames(guest: Guest, process: Process, registers: Mapping[str, int]) -> Iterator[int]:
    return chain(reader(guest, process), registers["eip"], registers["ebp"])


def running_frames(guest: Guest, process: Process) -> Iterator[int]:
    """Those of the process that runs, by the registers of the CPU."""
    if not isinstance(guest.memory, QmpMemory):
        raise LabError(f"process {process.pid} runs: its registers are those of the CPU, not in memory; name another process")
    registers = guest.memory.registers()
    if registers["eip"] < USERTOP:
        yield from user_frames(guest, process, registers)
        return
    yield from chain(reader(guest, None), registers["eip"], registers["ebp"])
    if process.mm:
        yield from user_frames(guest, process, trapframe(guest, process))


def frames(guest: Guest, process: Process) -> Iterator[int]:
    """The code addresses of a process, in the kernel and then in its program."""
    if process.address == current(guest):
        yield from running_frames(guest, process)
    elif process.state != "ZOMBIE":
        word = reader(guest, None)
        sp = guest.member(process.address, PROC, "proc", "sp")
        yield from chain(word, word(sp + 4), word(sp))
        if process.mm:
            yield from user_frames(guest, process, trapframe(guest, process))


outside: dict[str, Path] = {}  # programs that are not in the build directory, by name


def program_file(elf: Path, name: str) -> Path:
    """The ELF file with the symbols of the program `name`: one from outside, or in the build directory of the kernel `elf`."""
    return outside.get(name) or elf.parent.parent / "user" / f"{name}.elf"


def located(elf: Path, name: str, addresses: list[int]) -> list[str]:
    """Function, file and line of each code address: of the kernel `elf`, or of its program `name`."""
    program = program_file(elf, name)
    mine = [address for address in addresses if address >= KERNBASE]
    found = dict(zip(mine, symbols_of(elf).places(mine))) if mine else {}
    if program.is_file():
        found |= {address: lines_of(program).where(address) for address in addresses if address < USERTOP}
    return [found.get(address, f"?? ({program.name} is not in {program.parent})") for address in addresses]


def with_inlined(elf: Path, name: str, addresses: list[int]) -> Iterator[list[str]]:
    """What located() says of each address, as the functions that were inlined there, the innermost first."""
    program = program_file(elf, name)
    chains = inlined(elf, (address for address in addresses if address >= KERNBASE))
    if program.is_file():
        chains |= inlined(program, (address for address in addresses if address < USERTOP))
    for address, place in zip(addresses, located(elf, name, addresses)):
        chain = chains.get(address, [place])
        inner, outer, function = (text.partition(" ")[0] for text in (chain[0], chain[-1], place))
        if function == inner:
            yield [place, *chain[1:]]
        else:
            yield chain if function == outer else [place]


def backtrace(guest: Guest, process: Process) -> list[str]:
    """The frames of a process, one a line, the innermost first. Functions that were inlined into another have its
    address."""
    addresses = list(frames(guest, process))
    if not addresses:
        return [f"process {process.pid} has ended: it has no stack any more"]
    calls = [address - (i > 0) for i, address in enumerate(addresses)]  # a return address may be on the next line
    lines = ((address, "user  " if address < USERTOP else "kernel", place) for address, places
             in zip(addresses, with_inlined(guest.symbols.path, process.name, calls)) for place in places)
    return [f"#{number:<2} {address:#010x} {side} {place}" for number, (address, side, place) in enumerate(lines)]
