# SPDX-License-Identifier: MIT
"""Machines that lack what the kernel needs, and hosts that stop: a sentence instead of silence. (D101, D109)"""

import contextlib
import os
import re
import signal
import time

import pytest
from elf_files import one
from elftools.elf.elffile import ELFFile
from qemu_options import rewired
from ucow.machine import PANIC, PASSED, SEABIOS
from ucow.symbols import Symbols

NO_TIMER = "    no timer: the machine has no 8254 PIT that counts (QEMU's pit=off leaves it out)"
NO_PIC = "    no interrupt controller: the machine has no 8259 PIC (QEMU's pic=off leaves it out)"
STAYS_ON = re.compile("^this machine cannot be switched off by software: end it from outside")
STOPS, STOP_SECONDS, RUN_SECONDS = 12, 0.08, 0.02  # more than five ticks, each time
POWERED_OFF = 0  # QEMU's status without isa-debug-exit


def machine_named(bench, name, **machine):
    """A machine of another type than pc. Its memory is no file, so there is no trace."""
    words = bench.machine("hello", swap=None, memory="64M", **machine)
    return rewired(words, ["-machine", "-object"], ["-M", name])


@pytest.mark.parametrize("name, sentence", [("pc,pit=off", NO_TIMER), ("microvm,pit=off,pic=off", NO_PIC)])
def test_no_timer(bench, name, sentence):
    """The kernel says what is missing, and the status is that of a panic. (D109)"""
    refused = machine_named(bench, name, firmware=SEABIOS).run()
    bench.runs.append(refused)
    assert (refused.lines.lines[-2:], refused.status) == (["kernel panic at boot:", sentence], PANIC)


def test_isapc(bench):
    """A PC without PCI runs programs. (D109)"""
    out = machine_named(bench, "isapc", cpu="pentium3", firmware=SEABIOS).run()
    bench.runs.append(out)
    assert out.status == PASSED
    out.lines.once("hello pass.")


@pytest.mark.parametrize("cpu, last", [("pentium3", "init check memory pass.\n"), ("486", "pentium3 or newer\n")],
                         ids=["after a run", "after a refusal"])
def test_machine_that_stays_on(bench, cpu, last):
    """A PC that cannot be switched off says so (D101), also when the boot fails in the first instructions (D132)."""
    words = bench.machine("hello", swap=None, memory="64M", cpu=cpu, firmware=SEABIOS)
    with rewired(words, ["-machine", "-object", "-device"], ["-M", "isapc"]).start(60) as live:
        live.expect(last)
        assert STAYS_ON.match(live.expect("iosize=0x04)\n"))


def test_failed_boot_powers_off(bench):
    """A PC that can be switched off is, also without the device of QEMU that has a status. (D132)"""
    out = rewired(bench.machine("hello", swap=None, cpu="486", firmware=SEABIOS), ["-device"]).run()
    bench.runs.append(out)
    assert (len(out.lines.lines), out.status) == (1, POWERED_OFF)


@pytest.mark.parametrize("cpu, status", [("pentium3", PASSED), ("486", PANIC)])
def test_line_that_takes_nothing(bench, tmp_path, cpu, status):
    """The machine goes on to its end without a reader of the serial line. (D109, D132)"""
    line = tmp_path / "line"
    os.mkfifo(f"{line}.in")
    os.mkfifo(f"{line}.out")
    end = os.open(f"{line}.out", os.O_RDWR | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(end, bytes(1))
    full = ["-chardev", f"pipe,id=line,path={line}", "-device", "isa-serial,chardev=line"]
    out = rewired(bench.machine("hello", cpu=cpu), ["-serial"], full).run()
    os.close(end)
    bench.runs.append(out)
    assert (out.status, out.lines.lines) == (status, [])


def test_early_trap(bench, build, tmp_path):
    """A trap before the memory map is read is reported: the first instruction of multiboot_read() is made invalid."""
    build.need_functions("multiboot_read")
    address = Symbols(build.kernel).address("multiboot_read")
    with build.kernel.open("rb") as file:
        offset, = ELFFile(file).address_offsets(address)
    code = bytearray(build.kernel.read_bytes())
    code[offset:offset + 2] = b"\x0f\x0b"  # ud2
    broken = tmp_path / "ucow.elf"
    broken.write_bytes(code)
    out = bench.machine("hello", kernel=broken).run()
    bench.runs.append(out)
    assert out.status == PANIC
    out.lines.once(re.compile(r"^kernel panic at multiboot_read "))
    out.lines.once("    unexpected trap 6 in the kernel: Invalid Opcode")


def test_stopped_host(bench, build, tmp_path):
    """A host that stops QEMU again and again is not a bug of the kernel. Time is the host's. (D94)

    Two processes do nothing but yield to each other, so interrupts are off for most of the time.
    """
    loop = tmp_path / "loop"
    fork, forever_yield = b"\xb8\x02\0\0\0\xcd\x80", b"\xb8\x0a\0\0\0\xcd\x80\xeb\xf7"  # mov $10, %eax; int $0x80; jmp back
    loop.write_bytes(one(data=fork + forever_yield).file())
    words = bench.machine("loop", swap=None, modules={"loop": loop})
    with rewired(words, ["-icount", "-rtc"]).start(build.wall_seconds) as live:
        live.expect('name = "loop".\n')
        for _ in range(STOPS):
            assert live.process.poll() is None, "the kernel ended the run: " + live.expect("stops here")
            os.kill(live.process.pid, signal.SIGSTOP)
            time.sleep(STOP_SECONDS)
            os.kill(live.process.pid, signal.SIGCONT)
            time.sleep(RUN_SECONDS)
        assert live.process.poll() is None
