# SPDX-License-Identifier: MIT
"""Boot: processors, memory sizes, the command line, boot modules, other boot loaders, and power-off.

D37: the kernel uses the memory of the firmware's map that it can map. D54: a run ends in power-off. D58: a command
line of any length is handled. D60: a failed boot prints the reason.
"""

import re
import shutil
import subprocess

import pytest
from qemu_options import rewired
from ucow.boot_cost import entry_stamp
from ucow.machine import CHECK_FAILED, PANIC, PASSED, PROGRAM_FAILED, QBOOT, SEABIOS, quickest_firmware
from ucow.memory import FileMemory
from ucow.symbols import Symbols, physical
from ucow.trace import HEADER, RingHeader
from ucow.verdict import CLOSING

EXEC_MAX_ARGS = 64      # include/ucow/abi.h
KERNEL_LINE_WORDS = 32  # maximal number of options
MODULES = 16
POWERED_OFF = 0         # QEMU's status without isa-debug-exit
TOO_OLD = "ucow: this CPU lacks one of FPU, 4 MiB pages (PSE), TSC, CMOV: use -cpu qemu32, pentium3 or newer"
NO_FIT = "ucow: the kernel and its programs do not fit into this machine's memory: give it at least {} MiB"
TOO_SMALL = "    less than 2 MiB of usable memory: give the machine at least {} MiB"


# Processors

@pytest.mark.parametrize("cpu", ["qemu32", "pentium3", "max"])
def test_cpu(run, cpu):
    run("forktest", cpu=cpu).lines.once("forktest pass.")


@pytest.mark.parametrize("cpu", ["486", "pentium"])
def test_cpu_too_old(bench, cpu):
    """The kernel prints one sentence and exits with the status of a panic. (D60)"""
    refused = bench.machine("hello", cpu=cpu).run()
    bench.runs.append(refused)
    assert (refused.lines.lines, refused.status) == ([TOO_OLD], PANIC)


# Firmware: the other tests use the fastest one

@pytest.mark.parametrize("cpu", ["qemu32", "qemu32,-apic"])
@pytest.mark.parametrize("firmware", [SEABIOS, QBOOT])
def test_firmware(bench, firmware, cpu):
    """Timer interrupts and the swap disk work, however little the firmware initializes."""
    if firmware == QBOOT and quickest_firmware() != QBOOT:
        pytest.skip("QEMU's data folder has no qboot.rom")
    for program in ("sleeper", "swaporder"):
        run = bench.machine(program, firmware=firmware, cpu=cpu).run()
        bench.judge(run, PASSED).lines.once(f"{program} pass.")
        assert (" -bios qboot.rom " in run.repeat()) == (firmware == QBOOT)


# Memory

@pytest.mark.parametrize("memory", ["4M", "16M", "128M", "512M", "3G"])
def test_memory(run, build, memory):
    """The largest family of processes in the suite works with every supported memory size."""
    run("forktest", memory=build.room(memory) if memory == "4M" else memory).lines.once("forktest pass.")


def kernel_end(build) -> int:
    """The first physical address after the kernel and its programs."""
    return physical(Symbols(build.kernel).address("kernel_end"))


def needed_mib(build) -> int:
    """The MiB that the kernel asks for if there is too little memory: 4, or more with compiler instrumentation."""
    needed = Symbols(build.kernel).address("memory_needed_mib")
    assert needed == 4 or build.instrumented or build.coverage or not build.optimized
    return needed


def test_memory_needed(run, build):
    """The kernel runs with as much memory as it asks for, and refuses a MiB less.

    It asks for enough with SeaBIOS, which keeps 128 KiB for itself; qboot keeps less.
    """
    run("hello", memory=f"{needed_mib(build)}M", firmware=SEABIOS)
    run("hello", memory=f"{needed_mib(build) - 1}M", firmware=SEABIOS, expect=PANIC)


def test_memory_too_small(run, build):
    """Memory for the kernel but not for processes: the kernel prints how much it needs. (D60)"""
    out = run("hello", memory=f"{((kernel_end(build) >> 10) + 512) // 8 * 8}K", expect=PANIC)
    out.lines.in_order("kernel panic at boot:", TOO_SMALL.format(needed_mib(build)))


def test_memory_ends_inside_kernel(bench, build):
    """The kernel's first instructions detect that the end of the kernel was not loaded. (D60)"""
    kib = ((kernel_end(build) >> 10) - 64) // 8 * 8  # QEMU rounds up to 8
    refused = bench.machine("hello", memory=f"{kib}K").run()
    bench.runs.append(refused)
    assert (refused.lines.lines, refused.status) == ([NO_FIT.format(needed_mib(build))], PANIC)


def test_memory_counted(run):
    """All memory is usable except that of firmware and kernel; the kernel reports what it cannot map. (D37)"""
    def usable_kib(out):
        return int(out.lines.once(re.compile("^memory: .* usable"))[len("memory: "):].split()[0])
    small, large, largest = (run("hello", memory=size) for size in ("64M", "128M", "3G"))
    assert usable_kib(large) - usable_kib(small) == 64 << 10
    assert 896 << 10 > usable_kib(largest) > 890 << 10
    largest.lines.once(re.compile("^memory: 217[56] MiB lie beyond 896 MiB and are not used$"))


# The command line

@pytest.mark.parametrize("option, complaint", [
    ("wibble=3", 'unknown option "wibble=3"'),
    ("module=x", 'option "module=x" needs a boot module'),
    ("wibble", 'unknown option "wibble"'),
    ("trace=maybe", 'option "trace=maybe" is neither trace=on nor trace=off'),
    ("trace_kib=0", 'option "trace_kib=0" needs a number from 1 to 2147483647'),
    ("max_procs=x", 'option "max_procs=x" needs a number from 1 to 2147483647'),
    ("max_procs=99999999999", 'option "max_procs=99999999999" needs a number from 1 to 2147483647'),
    ("max_procs=-1", 'option "max_procs=-1" needs a number from 1 to 2147483647'),
])
def test_bad_option(run, option, complaint):
    """A bad option is reported and ignored."""
    out = run("hello", cmdline=f"trace_kib=256 {option}")
    out.lines.in_order(f"boot: {complaint}: ignored", "hello pass.")


def test_too_many_options(run):
    """Options after the thirty-second are counted and reported. (D58)"""
    out = run("hello", append_raw=" ".join(["trace_kib=64"] * (KERNEL_LINE_WORDS + 3)) + " -- hello")
    out.lines.in_order("boot: 3 options more than 32: ignored", "hello pass.")


def test_overlong_command_line(run):
    """The kernel truncates the line and reports it; it does not start a program whose arguments were cut. (D58)"""
    out = run(append_raw="trace_kib=64 -- args " + "x" * 9000, expect=PROGRAM_FAILED)
    out.lines.in_order("boot: the command line is too long; its end is left out",
                       'kernel_execve: "args" failed: too big (-12)')


def test_no_program(boot):
    """Without `--` the first program is the shell."""
    with boot(append_raw="trace_kib=64") as live:
        live.expect('kernel_execve: pid = 2, name = "sh".\n')
        live.expect("$ ")
        live.type("exit\n")
        live.end()


def test_trace_off(run, build):
    """With trace=off nothing is recorded, and the run is the same."""
    build.need_trace()
    assert run("hello", cmdline="trace=off").lines.text == run("hello").lines.text


def test_max_procs(run):
    """A table for fewer processes than forktest forks."""
    out = run("forktest", cmdline="max_procs=16", expect=PROGRAM_FAILED)
    out.lines.once(re.compile("^user panic at"))
    out.lines.never(re.compile("^boot: max_procs"))


@pytest.mark.parametrize("asked, used", [(1, 8), (1000000, "[0-9]+")])
def test_max_procs_that_cannot_be(run, asked, used):
    """The kernel reports it and uses the nearest possible value."""
    run("hello", cmdline=f"max_procs={asked}").lines.once(re.compile(f"^boot: max_procs={asked}: {used} are used$"))


def test_leading_path(run, bench, tmp_path):
    """QEMU puts the kernel's path first; it is no option, even if it looks like one."""
    path = tmp_path / "trace=off/ucow.elf"
    path.parent.mkdir()
    path.symlink_to(bench.build.kernel)
    run("hello", kernel=path).lines.never(re.compile("^boot:"))


def test_arguments(run):
    """All words after `--` are the program's argv, including options and another `--`."""
    words = ["a", "trace=off", "--", "-x", "ä"]
    out = run("args", *words)
    out.lines.once(f"args: argc = {len(words) + 1}")
    for i, word in enumerate(["args", *words]):
        out.lines.once(f"args: argv[{i}] = {word}")


def test_as_many_arguments_as_exec_takes(run):
    """One more, and the program is not started. (D58)"""
    run("args", *["x"] * (EXEC_MAX_ARGS - 1)).lines.once(f"args: argc = {EXEC_MAX_ARGS}")
    out = run("args", *["x"] * EXEC_MAX_ARGS, expect=PROGRAM_FAILED)
    out.lines.once('kernel_execve: "args" failed: too big (-12)')


def test_unknown_program(run):
    """The kernel prints name and error, and ends with the error as the program's exit code."""
    out = run("nosuch", expect=PROGRAM_FAILED)
    out.lines.in_order('kernel_execve: pid = 2, name = "nosuch".',
                       'kernel_execve: "nosuch" failed: no such file or directory (-16)',
                       'init: program "nosuch" ended with exit code -16.')


# Boot modules

@pytest.fixture
def program(build):
    """The file of a program, for a boot module."""
    return lambda name: build.folder / "user" / name


def test_module_name(run, program):
    """`dir/args my`: the program's name is the word after the path."""
    out = run("my", "a", modules={"my": program("args")})
    out.lines.in_order("args: argc = 2", "args: argv[0] = my", "args: argv[1] = a", "args pass.")


def test_module_without_name(run, program):
    """`dir/args.elf`: the program's name is the base name of the path."""
    run("args.elf", extra=["-initrd", str(program("args.elf"))]).lines.once("args: argv[0] = args.elf")


def test_module_replaces_program(run, program):
    """A module replaces the program of the same name in the archive."""
    out = run("hello", modules={"hello": program("args")})
    out.lines.once("args: argv[0] = hello")
    out.lines.never("hello pass.")
    assert out.lines.all(re.compile("^bootfs: ")) == run("hello").lines.all(re.compile("^bootfs: "))


def test_module_is_no_program(run, tmp_path):
    """The kernel reports it at boot; executing it gives another error. (D60)"""
    path = tmp_path / "letter"
    path.write_text("Dear kernel, this is not a program.\n")
    out = run("letter", modules={"letter": path}, expect=PROGRAM_FAILED)
    out.lines.in_order('bootfs: "letter" is no ELF program: executing it will fail',
                       'kernel_execve: "letter" failed: invalid elf file (-8)')


def test_many_modules(run, program):
    """As many modules as the kernel accepts."""
    names = [f"hello{i}" for i in range(MODULES)]
    out = run(names[-1], modules=dict.fromkeys(names, program("hello")))
    out.lines.once("hello pass.")
    out.lines.never(re.compile("^boot:"))


def test_too_many_modules(run, program):
    """The kernel ignores further modules and reports it. (D58, D60)"""
    names = [f"hello{i}" for i in range(MODULES + 1)]
    out = run(names[-1], modules=dict.fromkeys(names, program("hello")), expect=PROGRAM_FAILED)
    out.lines.in_order(f"boot: there are more than {MODULES} boot modules; the others are left out",
                       f'kernel_execve: "{names[-1]}" failed: no such file or directory (-16)')


# Other ways to boot and to power off

def test_power_off_by_acpi(bench):
    """Without isa-debug-exit the kernel powers off by ACPI. (D54)"""
    out = bench.judge(rewired(bench.machine("hello"), ["-device"]).run(), POWERED_OFF)
    assert out.lines.lines[-2:] == CLOSING


def test_no_serial_line(bench):
    """Without a serial port the program runs, and the status shows it; read() returns an error."""
    for program, status in (("hello", PASSED), ("divzero", PROGRAM_FAILED), ("sh", PROGRAM_FAILED)):
        mute = rewired(bench.machine(program), ["-serial"], ["-serial", "none"]).run()
        bench.runs.append(mute)
        assert (mute.status, mute.lines.lines) == (status, [])


def test_check_failed_status(run):
    """A leak takes precedence over the program's exit code: 39, not 35. (D28)"""
    run("divzero", cmdline="selftest=leak", expect=CHECK_FAILED)


GRUB_CONFIG = """\
set timeout=0
menuentry "ucow" {
    multiboot /boot/ucow.elf trace_kib=64 -- my a
    module /boot/args my
}
"""


def test_grub(bench, build, program, tmp_path):
    """Boot from a CD with GRUB, which puts no path in front of command lines and modules."""
    tools = ("grub-mkrescue", "xorriso", "mformat")
    if missing := [tool for tool in tools if not shutil.which(tool)]:
        pytest.skip(f"not installed: {', '.join(missing)} (grub-pc-bin, grub-common, xorriso, mtools)")
    boot, image = tmp_path / "disc/boot", tmp_path / "ucow.iso"
    (boot / "grub").mkdir(parents=True)
    (boot / "grub/grub.cfg").write_text(GRUB_CONFIG)
    shutil.copy(build.kernel, boot)
    shutil.copy(program("args"), boot)
    subprocess.run(["grub-mkrescue", "-o", image, boot.parent], check=True, capture_output=True)
    # GRUB itself does not start in a few MiB.
    from_disc = rewired(bench.machine(memory="128M", firmware=SEABIOS), ["-kernel", "-append"], ["-cdrom", str(image)])
    bench.judge(from_disc.run(), PASSED).lines.in_order("args: argv[0] = my", "args: argv[1] = a", "args pass.")


# Costs

INSTRUCTIONS_MOST = 5_000_000
COUNTED = ["-icount", "shift=0,sleep=off"]  # one instruction is one tick of the time stamp counter


def ring_start(run) -> int:
    """The time stamp counter when the kernel initialized its ring: the zero of the trace's time stamps."""
    memory = FileMemory(run.memory_file)
    header = RingHeader(memory.read(physical(run.symbols.address("trace_ring")), HEADER.size))
    memory.close()
    return header.boot_tsc


def test_cost(bench, build, fmt):
    """From the kernel's first instruction to a program's first system call: fewer than 5 million.

    Under -icount shift=0 the time stamp counter counts instructions from power-on. Up to the kernel's entry the changed
    copy and the kernel itself run the same instructions.
    """
    build.need_plain("the number of instructions")
    run = bench.machine("hello", extra=COUNTED).run()
    bench.judge(run, PASSED)
    first_call = run.trace.of("syscall_enter")[0]
    assert first_call.cpu_pid == 2
    entry = entry_stamp(build.kernel, lambda kernel: bench.machine("hello", kernel=kernel, extra=COUNTED).run())
    spent = ring_start(run) + first_call.stamp - entry
    assert first_call.stamp < spent < INSTRUCTIONS_MOST


# Unexpected interrupts

def test_interrupts_nobody_asked_for(boot):
    """They are counted and ignored, whatever runs; the count is printed at the end. (D13)"""
    with boot("sh") as live:
        live.expect("$ ")
        for _ in range(3):
            live.qmp.execute("inject-nmi")
        live.type("hello\n")
        live.expect("hello pass.")
        live.type("exit\n")
        out = live.end()
    assert 1 <= int(out.lines.once(re.compile(r"^interrupts: \d+ that no device asked for were ignored$")).split()[1]) <= 3


def test_noise_on_the_lines(boot):
    """A request that is withdrawn before it is served arrives on line 15; it is counted and ignored, too. (D13)

    The test raises and withdraws the request of the real-time clock while the machine is stopped.
    """
    with boot("sh") as live:
        live.expect("$ ")

        def write(port, value):
            live.qmp.execute("human-monitor-command", **{"command-line": f"o /b {port} {value}"})
        write(0x70, 0x0B)
        write(0x71, 0x42)  # periodic interrupts
        live.type("hello\n")
        live.expect("hello pass.")
        live.qmp.stop()
        write(0xA1, 0xFE)
        write(0xA1, 0xFF)
        live.qmp.cont()
        live.type("hello\n")
        live.expect("hello pass.")
        live.type("exit\n")
        end = live.end()
    end.lines.once("interrupts: 1 that no device asked for were ignored")
