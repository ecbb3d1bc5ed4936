# SPDX-License-Identifier: MIT
"""The harness itself: it must reject a run or a trace with any single error.

The errors come from small kernels (sabotage/*.S, run in QEMU) and from good output that is changed afterwards.
test_invariants.py does the same for the invariants of the trace. (D64, D88, D89)
"""

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
from conftest import Bench, SharedRuns
from elf_files import R, two, write_and_exit
from qemu_options import IDLES, rewired
from ucow import LabError
from ucow.serial import Lines
from ucow.machine import PANIC, PASSED, WALL_SECONDS
from ucow.verdict import problems, serial_problems

TEXT_AT = 0x900000
HANG_SECONDS = 0.7
HANGING = {"hang", "flood"}  # these run into the time limit; the others end by themselves

# name of the kernel -> a word that must be in the judgement
LIARS = {
    "silent": "boot banner, seen 0",
    "truncated": "expected the last lines",
    "wrong_status": "seen 39",
    "late_panic": "too late to be noticed",
    "panic": "seen 37",
    "leak": "3 pages leaked",
    "restart": "boot banner, seen 2",
    "triple_fault": "triple fault",
    "reset": "a reset",
    "hang": "the machine hung",
    "flood": "the machine hung",
}


def sabotaged(bench, name):
    run = bench.machine(kernel=bench.build.folder / f"test/serial/sabotage/{name}.elf", extra=IDLES).run(
        HANG_SECONDS if name in HANGING else WALL_SECONDS)
    bench.runs.append(run)
    return run


@pytest.mark.parametrize("name", LIARS)
def test_lying_kernel_fails(bench, name):
    found = problems(sabotaged(bench, name), traced=False)
    assert any(LIARS[name] in what for what in found), found


def test_honest_kernel_differs_only_by_its_trace(bench):
    """The honest kernel fails only because it has no trace; so the others fail because of their own errors."""
    honest = sabotaged(bench, "honest")
    assert problems(honest, traced=False) == []
    assert [what.split(":")[0] for what in problems(honest)] == ["no trace"]


def test_machine_that_qemu_refuses_has_no_trace_but_a_complaint(bench):
    bench.runs.append(run := bench.machine("hello", extra=["-no-such-option"]).run())
    assert any("no-such-option" in what for what in problems(run))
    with pytest.raises(LabError, match="did not get as far"):
        run.trace


def test_second_disk_is_empty_and_made_again_by_repeat(bench):
    machine = bench.machine("hello", swap="1M", swap_errors=[("read", 300), ("read", 9), ("write", 7, True)])
    with machine.scratch() as folder:
        disk = Path(folder, "swap")
        assert (disk.stat().st_size, disk.stat().st_blocks) == (1 << 20, 0)
    bench.judge(run := machine.run(), PASSED)  # QEMU accepts all these options
    make_empty, make_whole, boot = run.repeat().split(" && ")
    file = make_empty.split()[-1]
    assert (make_empty, make_whole) == (f"truncate -s 0 {file}", f"truncate -s 1M {file}")
    assert f".filename={file} " in boot and str(run.memory_file.parent) not in boot


def test_second_disk_that_is_a_file_is_repeated_with_it(bench, tmp_path):
    image = tmp_path / "a,b"
    image.write_bytes(bytes(8192))
    bench.judge(run := bench.machine("hello", swap_image=image).run(), PASSED)
    assert run.repeat().startswith("qemu-system-i386 ") and "/a,,b" in run.repeat()


@pytest.mark.parametrize("disk, complaint", [
    ({"swap": "64"}, "write a number and K, M or G"),
    ({"swap": "1M", "swap_image": "/dev/null"}, "give one of them"),
    ({"swap_image": "/nowhere"}, "no such file"),
    ({"swap": None, "swap_errors": [("read", 1)]}, "without a disk"),
    ({"swap": "1M", "swap_errors": [("reed", 1)]}, "the kind is read or write"),
    ({"swap": "1M", "swap_errors": [("read", 0)]}, "n from 1"),
])
def test_second_disk_that_cannot_be_is_refused(bench, disk, complaint):
    with pytest.raises(LabError, match=complaint):
        bench.machine("hello", **disk).run()


GOOD_LINES = """\
ucow 0.2.0: user processes on i386
kernel_execve: pid = 2, name = "exit".
all user-mode processes have quit.
init check memory pass.
"""


@pytest.mark.parametrize("text", [
    "",
    GOOD_LINES * 2,
    GOOD_LINES.replace("ucow 0", "0"),
    GOOD_LINES.removesuffix("init check memory pass.\n"),
    GOOD_LINES.replace("pass.", "pas"),
    GOOD_LINES + "one word more\n",
    "kernel panic at main.c:1: x\n" + GOOD_LINES,
    "kernel check failed: 1 page leaked\n" + GOOD_LINES,
    "KASAN: use after free\n" + GOOD_LINES,
    "UBSAN: shift out of bounds\n" + GOOD_LINES,
])
def test_altered_output_fails(text):
    assert serial_problems(types.SimpleNamespace(lines=Lines(GOOD_LINES)), PASSED) == []
    assert serial_problems(types.SimpleNamespace(lines=Lines(text)), PASSED) != []


def test_small_ring_loses_and_fails(bench, fmt):
    """A ring that is too small for the events of the run."""
    run = bench.machine("forktest", cmdline="trace_kib=4").run()
    bench.runs.append(run)
    assert run.trace.lost > 0 and len(run.trace) == 4096 // 32
    assert any("lost" in what for what in problems(run))


def test_two_runs_are_equal(run, fmt):
    """Virtual time: the same events at the same time stamps."""
    first, second = run("forktest"), run("forktest")
    assert first.lines.text == second.lines.text
    assert list(map(str, first.trace)) == list(map(str, second.trace))


def test_reader_that_is_late_loses_nothing(boot, build, tmp_path):
    """Of a machine that has printed more than a pipe or a socket holds, and has ended, before anything is read."""
    written = "".join(f"line {i:010}\n" for i in range(6000)).encode()
    assert len(written) > 65536
    program = tmp_path / "printer"
    program.write_bytes(two(write_and_exit(TEXT_AT, len(written)), va=TEXT_AT, data=written, offset=0x2000, flags=R).file())
    with boot("printer", modules={"printer": program}) as live:
        live.process.wait(build.wall_seconds)
        assert written.decode() in live.expect("init check memory pass.\n")
        live.end()


def test_machine_that_is_off_is_not_waited_for(bench):
    """Though its process stays, so that a test can look at it."""
    machine = rewired(bench.machine("hello"), ["-device"], ["-action", "shutdown=pause"])
    with machine.start() as live:
        with pytest.raises(AssertionError, match=r"the machine ended after\n(.*\n)+.* init check memory pass\."):
            live.expect("what no program prints")
        assert live.process.poll() is None


def test_runs_are_shared_between_tests(bench):
    """Two tests look at one run if it passed. Two runs in one test are two, and a failed run is not shared."""
    shared = SharedRuns()
    first, second = Bench(bench.build, shared, bench.runs), Bench(bench.build, shared)
    first.run("hello")
    first.run("hello")
    assert first.runs[0] is not first.runs[1]
    second.run("hello")
    assert second.runs == first.runs[1:]
    for _ in range(2):
        with pytest.raises(pytest.fail.Exception, match="seen 33"):
            first.run("hello", expect=PANIC)
    assert len({id(run) for run in first.runs}) == 4


def tool(*arguments):
    """Run tools/trace as a user does."""
    path = Path(__file__).resolve().parents[3] / "tools/trace"
    return subprocess.run([sys.executable, path, *map(str, arguments)], capture_output=True, text=True)


def test_trace_tool_reads_living_machines(boot, build, fmt, tmp_path, monkeypatch):
    """tools/trace prints the same from a memory file, over QMP, and from a core of a stopped machine."""
    monkeypatch.chdir(tmp_path)
    socket, core = "qmp", tmp_path / "core"  # a socket's name must be short
    with boot("sh", extra=["-qmp", f"unix:{socket},server=on,wait=off"]) as live:
        live.expect("$ ")
        live.type("hello\n")
        live.expect("hello pass.")
        live.expect("$ ")
        live.qmp.stop()
        live.qmp.execute("dump-guest-memory", paging=False, protocol=f"file:{core}")
        texts = {tool("--elf", build.kernel, source).stdout for source in (live.memory_file, f"qmp:{socket}", core)}
        live.qmp.cont()
        live.type("exit\n")
        live.end()
    assert len(texts) == 1 and "] fork parent=2 child=3" in texts.pop()


def test_trace_tool_options(bench, build, fmt, tmp_path):
    run = bench.machine("exit").run()
    bench.runs.append(run)
    one = tool("--elf", build.kernel, "--event", "exit", "--pid", 3, "--last", 1, run.memory_file)
    assert one.stdout.endswith("] exit pid=3 code=-66436 reason=exit running=3\n")
    assert "obey every invariant" in tool("--elf", build.kernel, "--check", run.memory_file).stdout
    assert tool("--elf", build.kernel, "--chrome", tmp_path / "out.json", run.memory_file).returncode == 0
    assert json.loads((tmp_path / "out.json").read_text())["traceEvents"]


def test_trace_tool_errors(build, fmt, tmp_path):
    """One sentence on the error output, status 1."""
    blank = tmp_path / "blank"
    blank.write_bytes(bytes(8 << 20))
    for arguments, why in (((tmp_path / "none",), "No such file"), ((blank,), "not a ucow machine"),
                           ((__file__,), "ends before"), (("qmp:/none",), "No such file")):
        failed = tool("--elf", build.kernel, *arguments)
        assert failed.returncode == 1 and why in failed.stderr and failed.stderr.count("\n") == 1
