# SPDX-License-Identifier: MIT
"""The state of the machine, read from outside at the first instruction of a program and at power-off. At the kernel's
first instruction, it is made as wrong as a loader may leave it.

D08, D18, D109: every bit of CR0, CR4 and EFLAGS is what the table says, which also says why and where the rule comes from;
so are the debug registers, the segments, every descriptor of the GDT, every gate of the IDT and both tasks; devices.py has
interrupt controllers, timer, serial port and model-specific registers. What it reads is set by arch/i386/cpu.c,
arch/i386/gdt.c, arch/i386/lapic.c, arch/i386/mmu.c, arch/i386/trap.c, dev/pic.c, dev/pit.c and dev/uart.c. Numbers
are sections of the Intel SDM, volume 3A.
"""

import struct
from typing import NamedTuple

import pytest
from breakpoints import registers_in, stopping, tables_in
from devices import DEVICES, MSRS, devices, leave_a_mess, msrs, wrong_rows
from elftools.elf.elffile import ELFFile
from pagetables import PAGE_BYTES
from protection_rules import STACKS
from ucow.machine import symbols_of
from ucow.memory import FileMemory
from ucow.symbols import KERNBASE, physical

ENTRY, END = "the first instruction of a program", "power-off"

# What QEMU's processors have of the features that change a control register.
PROCESSORS = {
    "qemu32": {"FXSR", "SSE"},
    "pentium2": set(),  # the kernel saves the FPU by fnsave
    "pentium3": {"FXSR", "SSE"},
    "max": {"FXSR", "SSE", "SMEP", "SMAP", "UMIP"},
    "max,-smep": {"FXSR", "SSE", "SMAP", "UMIP"},
    "max,-smap": {"FXSR", "SSE", "SMEP", "UMIP"},
    "max,-umip": {"FXSR", "SSE", "SMEP", "SMAP"},
}


class Bit(NamedTuple):
    """A bit, or a field of several, of a register."""
    at: int
    name: str
    value: int | str | dict[str, int | None]  # or the feature that sets it; by moment; None: any
    why: str
    section: str
    width: int = 1


ANY_IN_KERNEL: dict[str, int | None] = {ENTRY: 0, END: None}

BITS = {
    "CR0": [
        Bit(0, "PE", 1, "protected mode: rings and segments; the loader sets it", "2.5"),
        Bit(1, "MP", 1, "wait faults like an x87 instruction while TS is set", "2.5, table 9-3"),
        Bit(2, "EM", 0, "x87 instructions are executed, not emulated", "2.5, table 9-3"),
        Bit(3, "TS", 1, "the program has not used the FPU: its first use faults, and loads its state", "2.5, 13.4"),
        Bit(4, "ET", 1, "always 1 since the Pentium", "2.5"),
        Bit(5, "NE", 1, "an x87 error is exception 16, not an interrupt of the PIC", "2.5, 9.2.1"),
        Bit(16, "WP", 1, "the kernel's writes obey read-only pages: it breaks copy-on-write, too", "2.5, 4.6"),
        Bit(18, "AM", 0, "a program that sets AC gets no alignment checks", "2.5, 6.15 (#AC)"),
        Bit(29, "NW", 0, "writes go through the cache", "2.5, 11.5.1"),
        Bit(30, "CD", 0, "memory is cached", "2.5, 11.5.1"),
        Bit(31, "PG", 1, "paging: the walls between processes", "2.5, 4.1.1"),
    ],
    "CR4": [
        Bit(0, "VME", 0, "there is no virtual-8086 mode for programs", "2.5, 20.3"),
        Bit(1, "PVI", 0, "no virtual interrupt flag: cli faults in ring 3", "2.5, 20.4"),
        Bit(2, "TSD", 0, "programs may read the time stamp counter", "2.5, 17.17"),
        Bit(3, "DE", 0, "no I/O breakpoints; the kernel uses no debug register", "2.5, 17.2.2"),
        Bit(4, "PSE", 1, "4 MiB pages: linear memory is mapped by them", "2.5, 4.3"),
        Bit(5, "PAE", 0, "entries of page tables have 32 bits", "2.5, 4.1.1"),
        Bit(6, "MCE", 0, "a machine check shuts the machine down; there is no handler", "2.5, 15.3"),
        Bit(7, "PGE", 0, "no global pages: a load of CR3 flushes all", "2.5, 4.10.2.4"),
        Bit(8, "PCE", 0, "rdpmc faults in ring 3", "2.5, 18.2"),
        Bit(9, "OSFXSR", "FXSR", "the kernel saves SSE registers by fxsave", "2.5, 13.1.1"),
        Bit(10, "OSXMMEXCPT", "SSE", "an SSE error is exception 19, not an invalid opcode", "2.5, 13.1.1"),
        Bit(11, "UMIP", "UMIP", "sgdt and its like tell programs no address of the kernel", "2.5"),
        Bit(20, "SMEP", "SMEP", "the kernel executes no page of a program", "2.5, 4.6"),
        Bit(21, "SMAP", "SMAP", "the kernel reads and writes pages of programs in uaccess.S only", "2.5, 4.6"),
    ],
    "EFL": [
        Bit(0, "CF", ANY_IN_KERNEL, "registers of a new program are 0", "2.3"),
        Bit(1, "1", 1, "always 1", "2.3"),
        Bit(2, "PF", ANY_IN_KERNEL, "as CF", "2.3"),
        Bit(4, "AF", ANY_IN_KERNEL, "as CF", "2.3"),
        Bit(6, "ZF", ANY_IN_KERNEL, "as CF", "2.3"),
        Bit(7, "SF", ANY_IN_KERNEL, "as CF", "2.3"),
        Bit(8, "TF", 0, "no single steps; the kernel clears a program's", "2.3, 17.3.1.4"),
        Bit(9, "IF", 1, "programs are interrupted, so that others have their turn; init, too", "2.3, 6.8.1"),
        Bit(10, "DF", 0, "strings go upward, as the System V i386 ABI wants at function entry", "2.3"),
        Bit(11, "OF", ANY_IN_KERNEL, "as CF", "2.3"),
        Bit(12, "IOPL", 0, "ring 3 can neither access ports nor change IF", "2.3", 2),
        Bit(14, "NT", 0, "iret returns to the frame on the stack, not to another task", "2.3, 7.4"),
        Bit(16, "RF", 0, "instruction breakpoints are not suppressed", "2.3"),
        Bit(17, "VM", 0, "no virtual-8086 mode", "2.3"),
        Bit(18, "AC", 0, "with SMAP, AC would open pages of programs to the kernel", "2.3, 4.6"),
        Bit(19, "VIF", 0, "used with VME and PVI only", "2.3"),
        Bit(20, "VIP", 0, "used with VME and PVI only", "2.3"),
        Bit(21, "ID", 0, "registers of a new program are 0", "2.3"),
    ],
    # After reset, no breakpoint is enabled (17.2.4, table 9-1); long mode and NX are off (2.2.1).
    "DR7": [Bit(0, "breakpoints", 0, "none is enabled", "17.2.4", 10), Bit(10, "1", 1, "always 1", "17.2.4")],
    "EFER": [],
}


def expected(register: str, moment: str, features: set[str]) -> tuple[int, int]:
    """The value, and the mask of the bits that must have it. A bit that is not in the table must be 0."""
    value, mask = 0, 0xFFFFFFFF
    for bit in BITS[register]:
        want = bit.value[moment] if isinstance(bit.value, dict) else bit.value
        if want is None:
            mask &= ~((1 << bit.width) - 1 << bit.at)
        else:
            value |= (want if isinstance(want, int) else want in features) << bit.at
    return value, mask


def wrong_bits(registers: dict[str, int], moment: str, features: set[str]) -> list[str]:
    """A sentence for each bit that is not as the table says."""
    wrong = []
    for register, bits in BITS.items():
        value, mask = expected(register, moment, features)
        differs = (registers[register] ^ value) & mask
        known = {at: bit for bit in bits for at in range(bit.at, bit.at + bit.width)}
        for at in (at for at in range(32) if differs >> at & 1):
            bit = known.get(at, Bit(at, "reserved or not used", 0, "nothing sets it", "2.5"))
            wrong.append(f"{register} bit {at} ({bit.name}) is {registers[register] >> at & 1} at {moment}; it must "
                         f"not be: {bit.why} (Intel SDM 3A, {bit.section})")
    return wrong


class Machine:
    """A stopped machine: registers, descriptor tables and memory."""

    def __init__(self, text: str, memory: FileMemory, kernel):
        self.registers, self.tables = registers_in(text), tables_in(text)
        self.memory, self.symbols = memory, symbols_of(kernel)

    def words(self, address: int, form: str) -> tuple[int, ...]:
        """Memory of the kernel as numbers."""
        return struct.unpack("<" + form, self.memory.read(address - KERNBASE, struct.calcsize("<" + form)))


# Segment descriptors (3.4.5): flat, 4 GiB, 32 bit; types execute/read and read/write. Bit 40, accessed, is the CPU's.
FLAT_CODE, FLAT_DATA, RING3, ACCESSED = 0x00CF9A000000FFFF, 0x00CF92000000FFFF, 3 << 45, 1 << 40
TSS_BYTES, TSS_FREE, TSS_BUSY = 104, 0x89, 0x8B  # 7.2.1 and 7.2.2


def tss_descriptor(address: int, kind: int) -> int:
    """7.2.2: byte granular, ring 0, present."""
    return (TSS_BYTES - 1 | (address & 0xFFFFFF) << 16 | kind << 40 | address >> 24 << 56)


def assert_gdt(machine: Machine):
    """Selectors 0x08 to 0x30, nothing up to 0x58, and 0x60, which is a thread's of a program for Linux."""
    base, limit = machine.tables["GDT"]
    descriptors = [value & ~ACCESSED if value >> 44 & 1 else value for value in machine.words(base, "13Q")]
    tss, double_fault = (machine.symbols.address(name) for name in ("cpu_tss", "double_fault_tss"))
    assert (base, limit) == (machine.symbols.address("gdt"), 13 * 8 - 1)
    assert descriptors == [0, FLAT_CODE, FLAT_DATA, FLAT_CODE | RING3, FLAT_DATA | RING3, tss_descriptor(tss, TSS_BUSY),
                           tss_descriptor(double_fault, TSS_FREE), *[0] * 6], [f"{d:016x}" for d in descriptors]
    assert machine.tables["TR"] == (0x28, tss, TSS_BYTES - 1) and machine.tables["LDT"][0] == 0


def gates(machine: Machine) -> list[tuple[int, int, int]]:
    """Selector, offset and access byte of every gate (6.11)."""
    base, limit = machine.tables["IDT"]
    assert (base, limit) == (machine.symbols.address("idt"), 256 * 8 - 1)
    return [(gate >> 16 & 0xFFFF, gate & 0xFFFF | gate >> 32 & 0xFFFF0000, gate >> 40 & 0xFF)
            for gate in machine.words(base, "256Q")]


def assert_idt(machine: Machine):
    """Interrupt gates, which clear IF (6.12.1.2); ring 3 may use int3, into and the system call only (6.12.1.1); the
    double fault is a task of its own (6.15, interrupt 8)."""
    stubs = machine.symbols.address("trap_stubs")
    wanted = [(8, stubs + 16 * vector, 0xEE if vector in (3, 4) else 0x8E) for vector in range(256)]
    wanted[8] = (0x30, 0, 0x85)
    wanted[0x80] = (8, machine.symbols.address("syscall_entry"), 0xEE)
    wrong = {vector: (seen, want) for vector, (seen, want) in enumerate(zip(gates(machine), wanted)) if seen != want}
    assert not wrong


def assert_tasks(machine: Machine):
    """Ring 0's stack of the running task, and no port for ring 3: the map lies beyond the limit (7.2.1, and volume 1,
    19.5.2). The double fault's task runs with interrupts off, in the kernel's page directory."""
    tss = machine.words(machine.symbols.address("cpu_tss"), "25IHH")
    assert (tss[2], tss[26] >= TSS_BYTES) == (0x10, True)
    double = machine.words(machine.symbols.address("double_fault_tss"), "25IHH")
    fields = dict(zip("cr3 eip eflags".split(), double[7:10])) | dict(zip("es cs ss ds fs gs ldt".split(), double[18:25]))
    assert fields == {"cr3": physical(machine.symbols.address("kernel_pgdir")), "eflags": 2, "cs": 8, "es": 0x10,
                      "eip": machine.symbols.address("double_fault"), "ss": 0x10, "ds": 0x10, "fs": 0, "gs": 0, "ldt": 0}
    assert double[26] >= TSS_BYTES
    return tss[1]


def assert_segments(machine: Machine, ring: int):
    """Both rings have flat segments; fs and gs are null until a thread of a program for Linux has its own."""
    code, data = (0x1B, 0x23) if ring == 3 else (8, 0x10)
    seen = {name: machine.registers[name] for name in ("CS", "DS", "ES", "SS", "FS", "GS")}
    assert seen == {"CS": code, "DS": data, "ES": data, "SS": data, "FS": 0, "GS": 0}


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_hardware(bench, build, cpu):
    with (build.folder / "user/hello").open("rb") as file:
        entry = ELFFile(file)["e_entry"]
    off = symbols_of(build.kernel).address("power_off")
    start = symbols_of(build.kernel).address("boot_entry")
    moments = {entry: ENTRY, off: END}
    seen = set()
    with stopping(bench, "hello", at=[start, *moments], cpu=cpu) as stops:
        memory = FileMemory(stops.live.memory_file)
        for where in stops:
            if where == start:
                leave_a_mess(stops)
                continue
            machine, moment = Machine(stops.text(), memory, build.kernel), moments[where]
            wrong = wrong_bits(machine.registers, moment, PROCESSORS[cpu])
            wrong += wrong_rows(devices(stops), DEVICES, moment)
            if moment == END:
                wrong += wrong_rows({MSRS[at].name: value for at, value in msrs(stops).items()}, list(MSRS.values()), moment)
            assert not wrong, "\n".join(wrong)
            assert machine.registers["CR3"] % PAGE_BYTES == 0 and machine.registers["EFER"] == 0
            assert_segments(machine, 3 if moment == ENTRY else 0)
            assert_gdt(machine)
            assert_idt(machine)
            assert moment == END or assert_tasks(machine) in STACKS
            seen.add(moment)
        memory.close()
        stops.live.end()
    assert seen == set(moments.values())


def test_what_a_program_leaves_in_registers(bench, build):
    """From ring 3 no backtrace follows the program's frame pointer, and SMAP is on again after a copy (volume 3A, 4.6)."""
    trap, leaves = (symbols_of(build.kernel).address(name) for name in ("trap", "trap_return"))
    saved_ebp, saved_cs, flag_ac = 8, 60, 1 << 18
    programs_ebp, flags = [], []
    with stopping(bench, "exit", at=[trap, leaves], cpu="max") as stops:
        for where in stops:
            registers = stops.registers()
            if where == leaves:
                flags.append(registers["EFL"])
                continue
            frame = bytes.fromhex(stops.debugger.ask(f"m{registers['EAX']:x},40"))
            if frame[saved_cs] & 3:
                assert registers["EBP"] == 0, "trap_entry.S: a backtrace would go on with what the program left in ebp"
                programs_ebp.append(frame[saved_ebp:saved_ebp + 4])
        stops.live.end()
    assert any(map(any, programs_ebp)) and flags
    assert not [eflags for eflags in flags if eflags & flag_ac], "AC is set after copy_from_user(): SMAP stays off"


def test_every_bit_has_its_row():
    """No row twice, and a bit that differs from its row is named, with the reason."""
    for register, bits in BITS.items():
        used = [at for bit in bits for at in range(bit.at, bit.at + bit.width)]
        assert len(set(used)) == len(used), register
    right = {register: expected(register, ENTRY, set())[0] for register in BITS}
    assert wrong_bits(right, ENTRY, set()) == []
    for register in BITS:
        for at in range(32):
            wrong = wrong_bits(right | {register: right[register] ^ 1 << at}, ENTRY, set())
            assert len(wrong) == 1 and wrong[0].startswith(f"{register} bit {at} ")
