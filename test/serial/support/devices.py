# SPDX-License-Identifier: MIT
"""The state of interrupt controllers, timer, serial port and model-specific registers, with the reason for each value.

QEMU's monitor shows the controllers and reads ports; a model-specific register is read by the stopped CPU itself, to
which the debugger gives one instruction.
"""

import re
from typing import NamedTuple

from breakpoints import Stops

RDMSR, WRMSR, MOV_EAX_DR7 = "0f32", "0f30", "0f23f8"
EAX, ECX, EDX, EIP, EFLAGS, CR0, CR4 = 0, 1, 2, 8, 9, 0x13, 0x16  # numbers of the debugger's registers


class Row(NamedTuple):
    """What is read, how much of it counts, what it must be, and why."""
    name: str
    mask: int
    value: int
    why: str
    source: str


# Sections of the data sheets Intel 8259A and 8254, of National's PC16550D, and of the Intel SDM, volume 3A.
DEVICES = [
    Row("pic0 irq_base", 0xFF, 0x20, "vectors 0 to 31 are the CPU's exceptions", "8259A, ICW2"),
    Row("pic1 irq_base", 0xFF, 0x28, "the second eight follow", "8259A, ICW2"),
    Row("pic0 imr", 0xFF, 0xEA, "timer, cascade and COM1 are unmasked: 0, 2 and 4", "8259A, OCW1"),
    Row("pic1 imr", 0xFF, 0xFF, "nothing at the second controller interrupts: the disk is polled", "8259A, OCW1"),
    Row("pic0 isr", 0xFF, 0, "no interrupt is being served", "8259A, OCW2"),
    Row("pic1 isr", 0xFF, 0, "no interrupt is being served", "8259A, OCW2"),
    Row("pic0 hprio", 0xFF, 0, "line 0 has the highest priority: no rotation", "8259A, OCW2"),
    Row("pic0 fnm", 0xFF, 0, "no special fully nested mode", "8259A, ICW4"),
    Row("pic1 fnm", 0xFF, 0, "no special fully nested mode", "8259A, ICW4"),
    Row("pit status", 0x3F, 0x34, "counter 0: low byte then high, mode 2, binary", "8254, read-back command"),
    Row("uart 1", 0x0F, 0x01, "only received bytes interrupt", "PC16550D, 8.6"),
    Row("uart 3", 0xFF, 0x03, "8 bits, no parity, the divisor is not shown", "PC16550D, 8.1"),
    Row("uart 4", 0x1F, 0x0B, "DTR and RTS; OUT2 lets the interrupt through; no loop", "PC16550D, 8.8"),
    Row("lapic LVT0", 0x1FFFF, 0x700, "the pin is the PIC's, which gives the vector", "10.5.1"),
    Row("lapic LVT1", 0x1FFFF, 0x400, "the pin is an NMI's", "10.5.1"),
    Row("lapic LVTT", 0x10000, 0x10000, "its timer is masked: the PIT gives the ticks", "10.5.4"),
    Row("lapic LVTPC", 0x10000, 0x10000, "performance counters are masked", "10.5.1"),
    Row("lapic LVTERR", 0x10000, 0x10000, "its errors are masked", "10.5.3"),
    Row("lapic LVTTHMR", 0x10000, 0x10000, "the thermal sensor is masked", "10.5.1"),
    Row("lapic SPIV", 0x1FF, 0x1FF, "enabled; 255 is the spurious vector", "10.9"),
    Row("lapic TPR", 0xFF, 0, "no priority is held back", "10.8.3.1"),
    Row("lapic timer", 0xFFFFFFFF, 0, "the timer does not count", "10.5.4"),
]

MSRS = {
    0x01B: Row("IA32_APIC_BASE", 0xFFFFFFFF, 0xFEE00900, "enabled, not as x2APIC, of the first CPU, where reset puts it", "10.4.4"),
    0x174: Row("IA32_SYSENTER_CS", 0xFFFFFFFF, 0, "sysenter faults, whatever the loader left", "5.8.7"),
    0x277: Row("IA32_PAT", 0xFF, 0x06, "memory without PWT and PCD is written back", "11.12"),
}


def monitor(stops: Stops, line: str) -> str:
    return stops.live.qmp.execute("human-monitor-command", **{"command-line": line})


def port(stops: Stops, number: int) -> int:
    return int(monitor(stops, f"i /b {number:#x}").split("=")[1], 16)


def devices(stops: Stops) -> dict[str, int]:
    """What the devices of a stopped machine are set to, by the names of DEVICES."""
    pics = re.findall(r"^(pic\d): (.*)$", monitor(stops, "info pic"), re.MULTILINE)
    seen = {f"{pic} {name}": int(value, 16) for pic, text in pics for name, value in re.findall(r"(\w+)=(\w+)", text)}
    local = monitor(stops, "info lapic")
    seen |= {f"lapic {name}": int(value, 16) for name, value in re.findall(r"\b(LVT\w+|SPIV|TPR)\s+(0x\w+)", local)}
    if count := re.search(r"initial_count = (\d+)", local):
        seen["lapic timer"] = int(count[1])
    monitor(stops, "o /b 0x43 0xe2")  # latch the status of counter 0
    return seen | {"pit status": port(stops, 0x40)} | {f"uart {at}": port(stops, 0x3F8 + at) for at in (1, 3, 4)}


def execute(stops: Stops, code: str, **registers: int) -> tuple[int, int]:
    """Let the stopped CPU execute one instruction of its own ring, and go back to where it was; eax and edx after it."""
    ask = stops.debugger.ask
    before = [ask(f"p{number:x}") for number in (EAX, ECX, EDX, EIP)]
    place = int.from_bytes(bytes.fromhex(before[3]), "little")
    old = ask(f"m{place:x},{len(code) // 2:x}")
    assert ask(f"M{place:x},{len(code) // 2:x}:{code}") == "OK"
    for number, value in (EAX, registers.get("eax", 0)), (ECX, registers.get("ecx", 0)), (EDX, registers.get("edx", 0)):
        set_register(stops, number, value)
    ask("s")
    after = [int.from_bytes(bytes.fromhex(ask(f"p{number:x}")), "little") for number in (EAX, EDX)]
    assert ask(f"M{place:x},{len(code) // 2:x}:{old}") == "OK"
    for number, value in zip((EAX, ECX, EDX, EIP), before):
        assert ask(f"P{number:x}={value}") == "OK"
    return after[0], after[1]


def set_register(stops: Stops, number: int, value: int):
    assert stops.debugger.ask(f"P{number:x}={value.to_bytes(4, 'little').hex()}") == "OK"


def msrs(stops: Stops) -> dict[int, int]:
    """The low halves of the registers in MSRS; the CPU is in ring 0."""
    return {number: execute(stops, RDMSR, ecx=number)[0] for number in MSRS}


def leave_a_mess(stops: Stops):
    """At the kernel's first instruction, set what Multiboot 0.6.96, 3.2, lets a loader leave in any state: paging is off,
    but every other bit of CR0 and CR4 is wrong, and so are flags, a breakpoint, sysenter and the devices."""
    stops.debugger.ask("qXfer:features:read:target.xml:0,fff")  # QEMU writes single registers for those who asked this
    execute(stops, WRMSR, ecx=0x174, eax=8)
    execute(stops, MOV_EAX_DR7, eax=0x401)
    set_register(stops, CR0, 0x6004001D)     # CD, NW, AM, ET, TS, EM, PE
    set_register(stops, CR4, 0x1EF)          # PCE, PGE, MCE, PAE, DE, TSD, PVI, VME
    set_register(stops, EFLAGS, 0x47402)     # AC, NT, IOPL 3, DF
    for line in "0x21 0", "0xa1 0", "0x43 0x36", "0x3f9 0x0f", "0x3fb 0x1b", "0x3fc 0x10":
        monitor(stops, f"o /b {line}")


def wrong_rows(seen: dict[str, int], rows: list[Row], moment: str) -> list[str]:
    """A sentence for each row that is not as it must be."""
    return [f"{row.name} is {seen[row.name]:#x} at {moment}; it must be {row.value:#x} in {row.mask:#x}: {row.why} ({row.source})"
            for row in rows if (seen[row.name] ^ row.value) & row.mask]
