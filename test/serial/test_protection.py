"""What the processor enforces, seen from outside: page tables in the guest's memory, control registers.

D18: kernel text and constants are read-only, no kernel page has the user bit, CR0.WP is set, and
SMEP, SMAP and UMIP are on exactly where the processor has them. D38: below each kernel stack lies
a page that is not mapped.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from elftools.elf.elffile import ELFFile
from pagetables import LARGE_BYTES, PAGE_BYTES, Mapping, mappings
from ucow.machine import symbols_of
from ucow.memory import FileMemory
from ucow.symbols import KERNBASE, physical

USERBASE, USERTOP = 0x00200000, 0xB0000000
STACKS = range(0xFB000000, 0x100000000)  # the kernel's virtual area: its stacks
PF_WRITE = 2
CR0 = {"PE": 0, "WP": 16, "PG": 31}
CR4 = {"PSE": 4, "UMIP": 11, "SMEP": 20, "SMAP": 21}


@dataclass(frozen=True)
class Frozen:
    """A stopped machine's page tables and control registers."""
    memory: FileMemory
    registers: dict[str, int]

    def maps(self) -> list[Mapping]:
        """Everything that is mapped now, with the process that was running."""
        return list(mappings(self.memory, self.registers["CR3"]))

    def kernel(self) -> list[Mapping]:
        return [mapping for mapping in self.maps() if mapping.va >= USERTOP]

    def bits(self, register: str, names: dict[str, int]) -> set[str]:
        return {name for name, bit in names.items() if self.registers[register] >> bit & 1}


@contextmanager
def frozen(boot, cpu: str | None = None) -> Iterator[Frozen]:
    """The machine while a program runs that never ends by itself, and its parent, the shell, sleeps."""
    with boot("sh", cpu=cpu) as live:
        live.expect("$ ")
        live.type("deaf\n")
        live.expect("deaf: waiting.")
        live.qmp.stop()
        text = live.qmp.execute("human-monitor-command", **{"command-line": "info registers"})
        memory = FileMemory(live.memory_file)
        yield Frozen(memory, {name: int(value, 16) for name, value in re.findall(r"\b(CR\d)=([0-9a-f]+)", text)})
        memory.close()


@pytest.fixture
def machine(boot):
    with frozen(boot) as state:
        yield state


def test_halves(machine):
    """User pages lie in user space and have the user bit; the kernel's have it nowhere."""
    for mapping in machine.maps():
        assert mapping.user == (mapping.va < USERTOP), str(mapping)
        assert USERBASE <= mapping.va and (mapping.va + mapping.size <= USERTOP or mapping.va >= KERNBASE), str(mapping)


def test_kernel_half_is_one(machine, build):
    """What the running process sees of the kernel is what the kernel's own directory maps."""
    own = mappings(machine.memory, physical(symbols_of(build.kernel).address("kernel_pgdir")))
    assert machine.kernel() == list(own)


def test_linear_memory(machine):
    """The linear area maps each physical address at one place, KERNBASE above it."""
    for mapping in machine.kernel():
        assert mapping.va in STACKS or mapping.va == mapping.pa + KERNBASE, str(mapping)


def image(build) -> Iterator[tuple[range, bool]]:
    """The kernel's segments, by where they are in linear memory, and whether they may be written."""
    with build.kernel.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            start = segment["p_paddr"] + KERNBASE
            yield range(start, start + segment["p_memsz"]), bool(segment["p_flags"] & PF_WRITE)


def writable_in(maps: list[Mapping], where: range) -> list[str]:
    return [str(mapping) for mapping in maps
            if mapping.writable and mapping.va < where.stop and mapping.va + mapping.size > where.start]


def test_text_and_constants(machine, build):
    """No page of a segment that the linker made read-only can be written, text least of all."""
    maps = machine.kernel()
    segments = list(image(build))
    assert any(not writable for _, writable in segments)
    wrong = {f"{where.start:#x}-{where.stop:#x}": writable_in(maps, where)
             for where, writable in segments if not writable}
    assert not any(wrong.values()), wrong


def test_kernel_image_is_not_writable_by_users(machine, build):
    """No page that a program can write is a frame of the kernel's image: programs in it stay whole."""
    frames = range(1 << 20, physical(symbols_of(build.kernel).address("kernel_end")))
    assert not [str(mapping) for mapping in machine.maps()
                if mapping.user and mapping.writable and mapping.pa in frames]


def stack_bytes(build) -> int:
    """The size of a kernel stack: that of the boot stack."""
    symbols = symbols_of(build.kernel)
    return symbols.address("boot_stack_top") - symbols.address("boot_stack")


def test_stacks_have_guards(machine, build):
    """Each run of mapped pages in the stacks' area is one stack, with nothing below. (D38)"""
    pages = {mapping.va: mapping for mapping in machine.kernel() if mapping.va in STACKS}
    bottoms = [va for va in pages if va - PAGE_BYTES not in pages]
    size = stack_bytes(build)
    for bottom in bottoms:
        assert all(bottom + offset in pages for offset in range(0, size, PAGE_BYTES))
    assert len(pages) * PAGE_BYTES == len(bottoms) * size
    assert len(bottoms) >= 3  # init, the shell, and its program
    assert all(page.writable for page in pages.values())
    assert len({page.pa for page in pages.values()}) == len(pages)


def test_boot_stack_has_a_guard(machine, build):
    """The page below the boot stack, which idle lives on. (D38)"""
    guard = symbols_of(build.kernel).address("boot_stack_guard")
    mapped = [mapping for mapping in machine.kernel() if mapping.va <= guard < mapping.va + mapping.size]
    assert not mapped, str(mapped[0])
    stack = symbols_of(build.kernel).address("boot_stack")
    assert stack - guard == PAGE_BYTES
    assert any(mapping.va <= stack < mapping.va + mapping.size for mapping in machine.kernel())


def test_memory_that_is_not_there(machine):
    """Linear memory ends where the machine's does, but for the rest of a large page."""
    end = max(mapping.pa + mapping.size for mapping in machine.kernel() if mapping.va not in STACKS)
    assert end == 128 << 20 and end % LARGE_BYTES == 0


# What each processor of QEMU's has; all of it must be on, and nothing else.
PROCESSORS = {
    "qemu32": set(),
    "pentium3": set(),
    "max": {"SMEP", "SMAP", "UMIP"},
    "max,-smep": {"SMAP", "UMIP"},
    "max,-smap": {"SMEP", "UMIP"},
    "max,-umip": {"SMEP", "SMAP"},
}


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_control_registers(boot, cpu):
    """CR0.WP always; of CR4 what the processor has."""
    with frozen(boot, cpu) as machine:
        assert machine.bits("CR0", CR0) == set(CR0)
        assert machine.bits("CR4", CR4) == {"PSE"} | PROCESSORS[cpu]


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_banner(run, cpu):
    """The kernel tells which of them it found."""
    said = run("hello", cpu=cpu).lines.once(re.compile("^cpu: "))
    assert {name.upper() for name, on in re.findall(r"(smep|smap|umip)=(\d)", said) if on == "1"} == PROCESSORS[cpu]
