# SPDX-License-Identifier: MIT
"""What must hold of a machine's page tables and registers at every moment, looked at from outside.

Each check takes the Frozen machine and asserts. WALLS is all of them.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from elftools.elf.elffile import ELFFile
from pagetables import LARGE_BYTES, PAGE_BYTES, Mapping, mappings, tables, user_bits
from ucow.machine import symbols_of
from ucow.memory import FileMemory
from ucow.pages import Guest
from ucow.symbols import KERNBASE, Symbols, physical

USERBASE, USERTOP = 0x00200000, 0xB0000000
USER_STACK_BASE = USERTOP - 256 * PAGE_BYTES
STACKS = range(0xFB000000, 0x100000000)  # the kernel's virtual area: its stacks
SHADOW = range(0xB8000000, KERNBASE)     # kasan's, when the kernel has it
PF_WRITE = 2
CR0 = {"PE": 0, "WP": 16, "PG": 31}
CR4 = {"PSE": 4, "UMIP": 11, "SMEP": 20, "SMAP": 21}
KERNEL_FLAGS = {"TF": 8, "DF": 10, "IOPL": 12, "IOPL 2": 13, "NT": 14, "VM": 17, "AC": 18}

# What checking builds fill memory with that nobody owns: kernel/mm/page.c and kernel/mm/slab.c.
POISON = [struct.pack("<I", 0xFEEEFEEE), b"\x6b" * 4, b"\xbb" * 4, b"\x5f" * 4]


@lru_cache(maxsize=None)
def segments(kernel: Path) -> list[tuple[range, bool]]:
    """The kernel's segments, by where they are in linear memory, and whether they may be written."""
    with kernel.open("rb") as file:
        return [(range(segment["p_paddr"] + KERNBASE, segment["p_paddr"] + KERNBASE + segment["p_memsz"]),
                 bool(segment["p_flags"] & PF_WRITE)) for segment in ELFFile(file).iter_segments("PT_LOAD")]


@dataclass(frozen=True)
class Frozen:
    """A stopped machine's memory and registers."""
    kernel_elf: Path
    memory: FileMemory
    registers: dict[str, int]
    bytes: int  # of memory

    @property
    def symbols(self) -> Symbols:
        return symbols_of(self.kernel_elf)

    @cached_property
    def maps(self) -> list[Mapping]:
        """Everything that is mapped now, with the process that is running."""
        return list(mappings(self.memory, self.registers["CR3"]))

    @property
    def kernel(self) -> list[Mapping]:
        return [mapping for mapping in self.maps if mapping.va >= USERTOP]

    @property
    def user(self) -> list[Mapping]:
        return [mapping for mapping in self.maps if mapping.va < USERTOP]

    @property
    def image(self) -> range:
        """The frames of the kernel's image."""
        return range(1 << 20, physical(self.symbols.address("kernel_end")))

    @property
    def shadow(self) -> range:
        """Where kasan's shadow may be mapped."""
        return SHADOW if "kasan_check" in self.symbols else range(0)

    def bits(self, register: str, names: dict[str, int]) -> set[str]:
        return {name for name, bit in names.items() if self.registers[register] >> bit & 1}

    @cached_property
    def guest(self) -> Guest:
        return Guest.of(self.memory, self.kernel_elf)

    def owner(self, frame: int) -> str:
        """The owner of a frame, as enums.def names it."""
        return self.guest.frames[frame // PAGE_BYTES].owner


def halves(machine: Frozen):
    """User pages lie in user space and have the user bit; the kernel's have it at no level. (D18)"""
    for mapping in machine.maps:
        assert mapping.user == (mapping.va < USERTOP), str(mapping)
        in_user_space = USERBASE <= mapping.va and mapping.va + mapping.size <= USERTOP
        assert in_user_space or mapping.va >= KERNBASE or mapping.va in machine.shadow, str(mapping)
    assert not list(user_bits(machine.memory, machine.registers["CR3"], USERTOP))


def kernel_half_is_one(machine: Frozen):
    """What the running process sees of the kernel is what the kernel's own directory maps."""
    assert machine.kernel == list(mappings(machine.memory, physical(machine.symbols.address("kernel_pgdir"))))


def linear_memory(machine: Frozen):
    """The linear area maps each physical address at one place, KERNBASE above it; the image is nowhere else. It ends
    where the machine's memory does, but for the rest of a large page."""
    for mapping in machine.kernel:
        assert mapping.va in STACKS or mapping.va in machine.shadow or mapping.va == mapping.pa + KERNBASE, str(mapping)
        assert mapping.va not in STACKS or mapping.pa not in machine.image, str(mapping)
    end = max(mapping.pa + mapping.size for mapping in machine.kernel if mapping.va >= KERNBASE and mapping.va not in STACKS)
    assert end == machine.bytes and end % LARGE_BYTES == 0


def text_and_constants(machine: Frozen):
    """No page of a segment that the linker made read-only can be written, text least of all. (D18)"""
    parts = [where for where, writable in segments(machine.kernel_elf) if not writable]
    assert parts
    wrong = [str(mapping) for mapping in machine.kernel if mapping.writable
             for where in parts if mapping.va < where.stop and mapping.va + mapping.size > where.start]
    assert not wrong, wrong


def user_frames(machine: Frozen):
    """A program sees frames of processes and of programs, and can write only the first: no table, no stack of the
    kernel's, nothing of its heap or its image, nothing free."""
    kernels = {*tables(machine.memory, machine.registers["CR3"]),
               *(mapping.pa for mapping in machine.kernel if mapping.va in STACKS)}
    for mapping in machine.user:
        assert mapping.pa not in kernels and mapping.pa not in machine.image, str(mapping)
        allowed = {"user", "shared"} if mapping.writable else {"user", "shared", "cache"}
        assert machine.owner(mapping.pa) in allowed, str(mapping)


def no_poison(machine: Frozen):
    """Nothing of what the kernel fills unowned memory with is in a user's page. (D15)"""
    for mapping in machine.user:
        page = machine.memory.read(mapping.pa, mapping.size)
        assert not any(poison in page for poison in POISON), str(mapping)


def kernel_stacks_have_guards(machine: Frozen):
    """Each run of mapped pages in the stacks' area is one stack, with nothing below. (D38)"""
    size = machine.symbols.address("boot_stack_top") - machine.symbols.address("boot_stack")
    pages = {mapping.va: mapping for mapping in machine.kernel if mapping.va in STACKS}
    bottoms = [va for va in pages if va - PAGE_BYTES not in pages]
    assert bottoms
    for bottom in bottoms:
        assert all(bottom + offset in pages for offset in range(0, size, PAGE_BYTES)), f"{bottom:#x}"
    assert len(pages) * PAGE_BYTES == len(bottoms) * size
    assert all(page.writable for page in pages.values())
    assert len({page.pa for page in pages.values()}) == len(pages)


def boot_stack_has_a_guard(machine: Frozen):
    """The page below the boot stack, which idle lives on. (D38)"""
    guard, stack = machine.symbols.address("boot_stack_guard"), machine.symbols.address("boot_stack")
    assert stack - guard == PAGE_BYTES
    assert not [str(mapping) for mapping in machine.kernel if mapping.va <= guard < mapping.va + mapping.size]
    assert any(mapping.va <= stack < mapping.va + mapping.size for mapping in machine.kernel)


def user_stack_has_a_guard(machine: Frozen):
    """The page below the room of the stack that exec makes stays empty. (D33)"""
    assert not [str(mapping) for mapping in machine.user if mapping.va == USER_STACK_BASE - PAGE_BYTES]


def control_registers(machine: Frozen):
    """Write protection and paging are on; the kernel runs with none of a program's flags."""
    assert machine.bits("CR0", CR0) == set(CR0)
    if machine.registers["CS"] & 3 == 0:
        assert not machine.bits("EFL", KERNEL_FLAGS)


WALLS: list[Callable[[Frozen], None]] = [
    halves, kernel_half_is_one, linear_memory, text_and_constants, user_frames, no_poison, kernel_stacks_have_guards,
    boot_stack_has_a_guard, user_stack_has_a_guard, control_registers]


def failing(machine: Frozen) -> Iterator[str]:
    """The names of the walls that do not stand."""
    for wall in WALLS:
        try:
            wall(machine)
        except AssertionError:
            yield wall.__name__
