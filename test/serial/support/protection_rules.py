# SPDX-License-Identifier: MIT
"""Rules that a machine's page tables and registers must obey at every moment, checked from outside.

Each rule is a function that takes a Frozen machine and asserts. WALLS lists them all.
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
STACKS = range(0xF8000000, 0x100000000)  # the kernel stacks
SHADOW = range(0xB8000000, KERNBASE)     # kasan's shadow, if the kernel has it
PF_WRITE = 2
CR0 = {"PE": 0, "WP": 16, "PG": 31}
CR4 = {"PSE": 4, "UMIP": 11, "SMEP": 20, "SMAP": 21}
KERNEL_FLAGS = {"TF": 8, "DF": 10, "IOPL": 12, "IOPL 2": 13, "NT": 14, "VM": 17, "AC": 18}

# What checking builds fill free memory with: kernel/mm/page.c and kernel/mm/slab.c.
POISON = [struct.pack("<I", 0xFEEEFEEE), b"\x6b" * 4, b"\xbb" * 4, b"\x5f" * 4]


@lru_cache(maxsize=None)
def segments(kernel: Path) -> list[tuple[range, bool]]:
    """The kernel's segments: linear addresses, and whether they are writable."""
    with kernel.open("rb") as file:
        return [(range(segment["p_paddr"] + KERNBASE, segment["p_paddr"] + KERNBASE + segment["p_memsz"]),
                 bool(segment["p_flags"] & PF_WRITE)) for segment in ELFFile(file).iter_segments("PT_LOAD")]


@dataclass(frozen=True)
class Frozen:
    """The memory and registers of a stopped machine."""
    kernel_elf: Path
    memory: FileMemory
    registers: dict[str, int]
    bytes: int  # of memory

    @property
    def symbols(self) -> Symbols:
        return symbols_of(self.kernel_elf)

    @cached_property
    def maps(self) -> list[Mapping]:
        """All mappings of the running process."""
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
        """The addresses where kasan's shadow may be mapped."""
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
    """User pages lie in user space and have the user bit; kernel pages have it at neither level. (D18)"""
    for mapping in machine.maps:
        assert mapping.user == (mapping.va < USERTOP), str(mapping)
        in_user_space = USERBASE <= mapping.va and mapping.va + mapping.size <= USERTOP
        assert in_user_space or mapping.va >= KERNBASE or mapping.va in machine.shadow, str(mapping)
    assert not list(user_bits(machine.memory, machine.registers["CR3"], USERTOP))


def kernel_half_is_one(machine: Frozen):
    """The kernel half is the same in the running process's directory and in the kernel's own."""
    assert machine.kernel == list(mappings(machine.memory, physical(machine.symbols.address("kernel_pgdir"))))


def linear_memory(machine: Frozen):
    """The linear area maps each physical address once, at KERNBASE + address, and ends at the end of memory, rounded
    up to a large page. The kernel image is mapped nowhere else."""
    for mapping in machine.kernel:
        assert mapping.va in STACKS or mapping.va in machine.shadow or mapping.va == mapping.pa + KERNBASE, str(mapping)
        assert mapping.va not in STACKS or mapping.pa not in machine.image, str(mapping)
    end = max(mapping.pa + mapping.size for mapping in machine.kernel if mapping.va >= KERNBASE and mapping.va not in STACKS)
    assert end == machine.bytes and end % LARGE_BYTES == 0


def text_and_constants(machine: Frozen):
    """No page of a read-only segment of the kernel is writable. (D18)"""
    parts = [where for where, writable in segments(machine.kernel_elf) if not writable]
    assert parts
    wrong = [str(mapping) for mapping in machine.kernel if mapping.writable
             for where in parts if mapping.va < where.stop and mapping.va + mapping.size > where.start]
    assert not wrong, wrong


def user_frames(machine: Frozen):
    """A program maps only user frames and frames of the program cache, and can write only to the former: no page
    table, no kernel stack, nothing of the kernel's heap or image, no free frame."""
    kernels = {*tables(machine.memory, machine.registers["CR3"]),
               *(mapping.pa for mapping in machine.kernel if mapping.va in STACKS)}
    for mapping in machine.user:
        assert mapping.pa not in kernels and mapping.pa not in machine.image, str(mapping)
        allowed = {"user", "shared"} if mapping.writable else {"user", "shared", "cache"}
        assert machine.owner(mapping.pa) in allowed, str(mapping)


def no_poison(machine: Frozen):
    """No user page contains the poison that the kernel fills free memory with. (D15)"""
    for mapping in machine.user:
        page = machine.memory.read(mapping.pa, mapping.size)
        assert not any(poison in page for poison in POISON), str(mapping)


def kernel_stacks_have_guards(machine: Frozen):
    """Each run of mapped pages in the stack area is one stack; the page below it is not mapped. (D38)"""
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
    """The page below the boot stack, which idle uses, is not mapped. (D38)"""
    guard, stack = machine.symbols.address("boot_stack_guard"), machine.symbols.address("boot_stack")
    assert stack - guard == PAGE_BYTES
    assert not [str(mapping) for mapping in machine.kernel if mapping.va <= guard < mapping.va + mapping.size]
    assert any(mapping.va <= stack < mapping.va + mapping.size for mapping in machine.kernel)


def user_stack_has_a_guard(machine: Frozen):
    """The page below the user stack is not mapped. (D33)"""
    assert not [str(mapping) for mapping in machine.user if mapping.va == USER_STACK_BASE - PAGE_BYTES]


def control_registers(machine: Frozen):
    """Write protection and paging are on; in the kernel, no flags of a program are set."""
    assert machine.bits("CR0", CR0) == set(CR0)
    if machine.registers["CS"] & 3 == 0:
        assert not machine.bits("EFL", KERNEL_FLAGS)


WALLS: list[Callable[[Frozen], None]] = [
    halves, kernel_half_is_one, linear_memory, text_and_constants, user_frames, no_poison, kernel_stacks_have_guards,
    boot_stack_has_a_guard, user_stack_has_a_guard, control_registers]


def failing(machine: Frozen) -> Iterator[str]:
    """The names of the rules that are broken."""
    for wall in WALLS:
        try:
            wall(machine)
        except AssertionError:
            yield wall.__name__
