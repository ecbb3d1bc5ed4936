# SPDX-License-Identifier: MIT
"""Page tables and control registers, checked from outside: what the processor enforces.

D18: kernel text and constants are read-only, no kernel page has the user bit, CR0.WP is set, and
SMEP, SMAP and UMIP are on exactly if the processor has them (test hardware). D38: the page below each kernel stack is not
mapped. protection_rules.py has the rules; this test chooses the moments at which they are checked.
"""

import os
import re
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pagetables import LARGE_BYTES, PAGE_BYTES, PRESENT, USER, WRITABLE, entries
from breakpoints import registers_in, stopping
from ucow.machine import size_bytes, symbols_of
from ucow.memory import FileMemory
from ucow.symbols import KERNBASE
from protection_rules import CR0, CR4, STACKS, USER_STACK_BASE, WALLS, Frozen, failing


@contextmanager
def frozen(boot, build, cpu: str | None = None) -> Iterator[Frozen]:
    """The machine while a program loops and its parent, the shell, sleeps."""
    with boot("sh", cpu=cpu, memory="128M") as live:  # the holes need large pages to be made in
        live.expect("$ ")
        live.type("noread\n")
        live.expect("noread: waiting.")
        live.qmp.stop()
        text = live.qmp.execute("human-monitor-command", **{"command-line": "info registers"})
        memory = FileMemory(live.memory_file)
        yield Frozen(build.kernel, memory, registers_in(text), 128 << 20)
        memory.close()


def test_waiting(boot, build):
    with frozen(boot, build) as machine:
        for wall in WALLS:
            wall(machine)


# Functions at which the state of a process or its memory has just changed, or is about to.
MOMENTS = ["proc_first_run", "do_execve", "mm_dup", "copy_range_write", "mm_munmap", "do_exit", "kstack_free"]


@pytest.mark.parametrize("program", ["execargs", "threads"])
def test_all_through_a_run(bench, build, program):
    """The rules hold at each fork, exec, copy, exit and reap, in the address space of the process that does it."""
    build.need_functions(*MOMENTS)
    names = {symbols_of(build.kernel).address(name): name for name in MOMENTS}
    seen = Counter()
    with stopping(bench, program, at=list(names), cpu="max") as stops:
        memory = FileMemory(stops.live.memory_file)
        for where in stops:
            machine = Frozen(build.kernel, memory, stops.registers(), size_bytes(build.memory))
            for wall in WALLS:
                wall(machine)
            assert machine.bits("CR4", CR4) == set(CR4)
            seen[names[where]] += 1
        memory.close()
        trace = stops.live.end().trace
    assert seen["proc_first_run"] == len(trace.of("fork"))
    assert seen["do_exit"] == len(trace.of("exit"))
    assert seen["do_execve"] >= len(trace.of("exec")) > 0


@contextmanager
def changed(path, address: int, word: int) -> Iterator[None]:
    """Change one word of the machine's memory, temporarily."""
    with open(path, "r+b", buffering=0) as file:
        before = os.pread(file.fileno(), 4, address)
        os.pwrite(file.fileno(), struct.pack("<I", word), address)
        yield
        os.pwrite(file.fileno(), before, address)


def entry_of(machine: Frozen, va: int) -> tuple[int, int]:
    """The address and the value of the last-level entry for `va`."""
    directory = machine.registers["CR3"]
    high, low = va // LARGE_BYTES, va // PAGE_BYTES % 1024
    table = entries(machine.memory, directory)[high] & -PAGE_BYTES
    return table + 4 * low, entries(machine.memory, table)[low]


def breaches(machine: Frozen) -> Iterator[tuple[str, int, int, set[str]]]:
    """Changes that break rules: a name, the address of a word, its new value, and the rules that it breaks."""
    directory = machine.registers["CR3"]
    linear = directory + 4 * ((KERNBASE >> 22) + 5)
    yield "user bit on linear memory", linear, entries(machine.memory, directory)[linear % PAGE_BYTES // 4] | USER, {
        "halves", "kernel_half_is_one"}
    text, constant = machine.symbols.address("kmain") & -PAGE_BYTES, machine.symbols.address("kernel_lines")
    at, pte = entry_of(machine, text)
    yield "user bit on text, in its table only", at, pte | USER, {"halves"}
    yield "text that can be written", at, pte | WRITABLE, {"text_and_constants"}
    frame = pte & -PAGE_BYTES
    at, pte = entry_of(machine, constant)
    yield "constants that can be written", at, pte | WRITABLE, {"text_and_constants"}
    guard = machine.symbols.address("boot_stack_guard")
    yield "no guard below the boot stack", entry_of(machine, guard)[0], (guard - KERNBASE) | PRESENT, {
        "boot_stack_has_a_guard"}
    stack = min(mapping.va for mapping in machine.kernel if mapping.va in STACKS)
    at, _ = entry_of(machine, stack - PAGE_BYTES)
    yield "no guard below a kernel stack", at, 0x700000 | PRESENT | WRITABLE, {"kernel_stacks_have_guards"}
    yield "text a second time", at, frame | PRESENT | WRITABLE, {"linear_memory", "kernel_stacks_have_guards"}
    own = next(mapping for mapping in machine.user if mapping.writable)
    at, pte = entry_of(machine, own.va)
    rights = pte % PAGE_BYTES
    yield "the directory as a program's page", at, directory | rights, {"user_frames"}
    yield "a kernel stack as a program's page", at, next(
        mapping.pa for mapping in machine.kernel if mapping.va == stack) | rights, {"user_frames"}
    yield "the kernel's text as a program's page", at, frame | rights & ~WRITABLE, {"user_frames"}
    cached = next(mapping for mapping in machine.user if not mapping.writable)
    at, pte = entry_of(machine, cached.va)
    yield "a cached page that can be written", at, pte | WRITABLE, {"user_frames"}
    at, _ = entry_of(machine, USER_STACK_BASE)
    yield "no guard below the user's stack", at - 4, own.pa | PRESENT | USER, {"user_stack_has_a_guard"}
    yield "poison", own.pa + 64, 0xFEEEFEEE, {"no_poison"}


def test_walls_that_fall(boot, build):
    """Each rule can fail: a change made from outside breaks exactly the rules that it should."""
    with frozen(boot, build) as machine:
        assert not list(failing(machine))
        holes = list(breaches(machine))
        for what, address, word, wanted in holes:
            with changed(machine.memory.path, address, word):
                assert set(failing(Frozen(build.kernel, machine.memory, machine.registers,
                                          machine.bytes))) == wanted, what
        assert not list(failing(machine))
        for register, bit in (("CR0", CR0["WP"]), ("EFL", 18)):
            registers = machine.registers | {"CS": 8, register: machine.registers[register] ^ 1 << bit}
            bare = Frozen(build.kernel, machine.memory, registers, machine.bytes)
            assert list(failing(bare)) == ["control_registers"]


# The features of QEMU's processors; test hardware checks that exactly these are enabled.
PROCESSORS = {
    "qemu32": set(),
    "pentium3": set(),
    "max": {"SMEP", "SMAP", "UMIP"},
    "max,level=7": {"SMEP", "SMAP", "UMIP"},  # the leaf that has them is the last
    "max,level=6": set(),
    "max,-smep": {"SMAP", "UMIP"},
    "max,-smap": {"SMEP", "UMIP"},
    "max,-umip": {"SMEP", "SMAP"},
}


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_banner(run, cpu):
    """The kernel prints the features that it found."""
    said = run("hello", cpu=cpu).lines.once(re.compile("^cpu: "))
    assert {name.upper() for name, on in re.findall(r"(smep|smap|umip)=(\d)", said) if on == "1"} == PROCESSORS[cpu]
