# SPDX-License-Identifier: MIT
"""tools/gdb/ucow.py: a debugger sees processes, regions and frames of a stopped machine, and goes back in a replay.

tools/inspect answers the same questions about a memory file.
"""

import json
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from qemu_options import IDLES
from ucow import LabError, inspect
from ucow.memory import FileMemory
from ucow.pages import Guest

SAID = "tools/run: waiting for "
UNTIL_THERE = 100  # wall-clock backstop


@pytest.fixture
def gdb(boot, build, tmp_path, monkeypatch):
    """gdb(command, ...): what GDB prints for the commands, on a machine whose shell waits for input."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    monkeypatch.chdir(tmp_path)
    socket = "gdb"  # a socket's name must be short
    extra = ["-chardev", f"socket,path={socket},server=on,wait=off,id=gdb", "-gdb", "chardev:gdb", *IDLES]
    with boot("sh", extra=extra) as live:
        live.expect("$ ")

        def ask(*commands):
            arguments = [word for command in (f"source {ROOT}/tools/gdb/ucow.py", f"target remote {socket}", *commands)
                         for word in ("-ex", command)]
            answer = subprocess.run(["gdb", "-nx", "-q", "-batch", str(build.kernel), *arguments],
                                    capture_output=True, text=True, timeout=60)
            return answer.stdout + answer.stderr

        yield ask
        live.type("exit\n")
        live.end()


def test_questions(gdb, build):
    answer = gdb("ucow-ps", "ucow-tree", "ucow-bt 2", "ucow-vmas 2", "ucow-pages 2", "ucow-pte 0xaffffff0 2", "ucow-frame 2",
                 "ucow-runq", "ucow-waits", "ucow-locks", *(["ucow-events 3"] if build.trace else []))
    lines = [line.split() for line in answer.splitlines()]
    for line in (["*", "0", "0", "RUNNING", "idle"], ["1", "0", "SLEEPING", "init"], ["2", "1", "SLEEPING", "sh"]):
        assert line in lines
    assert "0 idle RUNNING\n  1 init SLEEPING\n    2 sh SLEEPING" in answer
    assert re.search(r"^#0 +0xc0\w+ kernel \w+ \w+\.[hc]:\d+$", answer, re.MULTILINE), answer
    assert not re.search(r":0$", answer, re.MULTILINE), answer  # code that has no line of its own
    assert re.search(r"^#\d+ +0xc0\w+ kernel syscall_entry trap_entry\.S:\d+\n#\d+ +0x008\w+ user   \w+ [\w.]+:\d+$", answer, re.MULTILINE)
    assert re.search(r"^#\d+ +0x008\w+ user   main sh\.c:\d+$", answer, re.MULTILINE)
    assert {"schedule", "waitq_sleep", "do_syscall"} <= set(re.findall(r"^#\d+ +0xc0\w+ kernel (\w+) ", answer, re.MULTILINE)), answer  # inlined
    assert "aff00000-b0000000 rw-- zeros" in answer  # the stack
    assert "00800000-" in answer and "r-x- file" in answer
    assert re.search(r"affff000 b0000000 +1 private w", answer)
    assert re.search(r"entry +0x\w+ \(present writable user .*\)\n  frame +0x\w+, count 1, user\n  mapped by   2\n", answer)
    assert re.search(r"trapno 0x00000080\n", answer) and "  1 init waits for a child to end: 2\n" in answer
    assert "  2 sh waits for " in answer and "* 0 idle: " in answer
    assert "reading: held by 2 sh" in answer or "no mutex is held" in answer
    assert not build.trace or len(re.findall(r"^\[t=\d+\] ", answer, re.MULTILINE)) == 3


def test_entries_of_the_kernel(gdb):
    """As the prompt K> shows them; also for an expression, and with the directory of a process."""
    answer = gdb("ucow-pte 0xc0100000", "echo and\\n", "ucow-pte (char*)0xc0100000", "echo and\\n", "ucow-pte 0xc0100000 2", "echo and\\n").split("and\n")
    assert re.fullmatch(r"(.*\n)*  directory   0x\w+ \(present .*\)\n  page table  0x\w+, count 0, reserved\n"
                        r"  entry       0x00100001 \(present\)\n  frame       0x100, count 0, reserved\n", answer[0]), answer
    assert answer[1] and answer[0].endswith(answer[1])
    assert answer[2].startswith("  process     2 sh, page 0xc0100000\n") and answer[2].endswith(answer[1])


# Where the kernel was entered from a program, and what GDB shows of that program: also where its function has a frame, and is
# called by others; and at a call behind which another function begins.
ENTERED = {
    "do_pgfault if va / 4096 == 0x801":  # constants: the function that reads them was called by others
        r"trap_common \(\).*\n#\d+ +(?!main)\w+ \((.*\n)+#\d+ +(0x\w+ in )?printf \((.*\n)+#\d+ +(0x\w+ in )?main \(\) at .*exit\.c:\d+\n",
    "do_exit if boot_cpu.current->pid == 3":
        r"syscall_entry \(\).*\n#\d+ +0x\w+ in syscall1 \((.*\n)+#\d+ +exit \(.*\n#\d+ +0x\w+ in main \(\) at .*exit\.c:25\n",
}


@pytest.mark.parametrize("place", ENTERED, ids=["fault", "call"])
def test_backtrace_into_the_program(build, place):
    """D137: all callers of the kernel's entry, with their lines."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    build.need_trace()
    build.need_functions("do_pgfault", "do_exit")
    done = subprocess.run([ROOT / "tools/run", "--build", build.folder, "--gdb=here", "--event", "exec:1", "exit"],
                          input=f"set width 0\nbreak {place}\ncontinue\nucow-bt\nkill\nquit\n", capture_output=True, text=True,
                          timeout=UNTIL_THERE, check=False)
    assert re.search(ENTERED[place], done.stdout), done.stdout + done.stderr
    assert "signal handler" not in done.stdout and "corrupt" not in done.stdout + done.stderr


def test_errors(gdb, build):
    """Each is a sentence, also without a machine."""
    answer = gdb("ucow-vmas 77", "ucow-vmas 1", "ucow-vmas 1 2", "ucow-ps all", "ucow-frame nosuch", "ucow-pte", "ucow-pte nosuch 2",
                 "ucow-events 0", "ucow-back fork", "ucow-back", "ucow-event", "ucow-event nosuch:2", "detach", "ucow-ps", "ucow-back fork")
    assert "Traceback" not in answer and "Python Exception" not in answer
    for sentence in ("ucow-vmas: there is no process 77: there are 0 1 2", "ucow-vmas: process 1 has no user memory",
                     "ucow-vmas: it is used as: ucow-vmas [PID]", "ucow-ps: it is used as: ucow-ps", "ucow-frame: 'nosuch' is no pid",
                     "ucow-pte: it is used as: ucow-pte ADDRESS [PID]", "ucow-pte: 'nosuch' is no address",
                     "ucow-event: it is used as: ucow-event KIND [N]",
                     "ucow-event: no event is called nosuch: there are boot fork" if build.trace else "ucow-event: this kernel is built",
                     "ucow-back: this machine is no replay: use tools/run --record FILE", "ucow-back: it is used as: "):
        assert sentence in answer, answer
    gone = "no machine is connected; one that has ended is started again by tools/run"
    assert answer.splitlines()[-2:] == [f"ucow-ps: {gone}", f"ucow-back: {gone}"]


def test_backwards(build, tmp_path):
    """A replay runs to its end; from there back to events, instruction by instruction, and out of a function."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    build.need_functions("do_fork", "do_exit")
    run = [ROOT / "tools/run", "--build", build.folder]
    subprocess.run([*run, "--as-test", "--record", tmp_path / "file", "exit"], stdin=subprocess.DEVNULL, capture_output=True,
                   timeout=UNTIL_THERE, check=True)
    with subprocess.Popen([*run, "--replay", tmp_path / "file", "--gdb"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as machine:
        try:
            line = next(line for line in machine.stderr if line.startswith(f"{SAID}gdb "))
            commands = ["ucow-ps", "continue", "ucow-back exit 3", "ucow-ps", "ucow-back fork", "info registers eip",
                        "reverse-stepi", "info registers eip", "tbreak do_exit", "continue", "reverse-finish", "delete",
                        "reverse-continue", "ucow-ps", *(["ucow-event oom", "ucow-back fork 2"] if build.trace else [])]
            said = subprocess.run([*shlex.split(line.removeprefix(SAID)), "-nx", "-q", "-batch",
                                   *(word for command in commands for word in ("-ex", command))],
                                  capture_output=True, text=True, timeout=UNTIL_THERE, check=False)
        finally:
            machine.terminate()
    answer, errors = said.stdout, said.stderr
    assert "Traceback" not in answer + errors
    assert re.fullmatch(r"(ucow-ps: .*has it booted\?\n){2}", re.sub(r"^(?!ucow-ps).*\n", "", errors, flags=re.MULTILINE)), errors
    assert not build.trace or "ucow-event: the machine has ended, without event 1 of the kind oom\n" in errors
    back = re.findall(r"^(exit|fork) in process (\d+) (\w+), at instruction (\d+)$", answer, re.MULTILINE)
    assert [found[:3] for found in back] == [("exit", "3", "exit"), *[("fork", "2", "exit")] * (1 + build.trace)], answer
    assert back[-1] == back[1]  # after the end the replay is still there
    assert int(back[1][3]) < int(back[0][3])
    assert "The run ends here" in answer and re.search(r"^\* +3 +2 RUNNING +exit$", answer, re.MULTILINE)
    first, second = (int(eip, 16) for eip in re.findall(r"^eip +(0x\w+)", answer, re.MULTILINE))
    assert 0 < first - second < 16  # the instruction before, in the same function
    assert "do_exit (" in answer and "sys_exit (" in answer.partition("Temporary breakpoint")[2]
    assert "0x0000fff0" in answer  # where a machine begins


def test_output_of_a_replay(build, tmp_path):
    """It is printed as far as the run goes forwards, and not again while QEMU repeats it to go backwards."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    build.need_functions("do_exit")
    run = [ROOT / "tools/run", "--build", build.folder]
    subprocess.run([*run, "--as-test", "--record", tmp_path / "file", "exit"], stdin=subprocess.DEVNULL, capture_output=True,
                   timeout=UNTIL_THERE, check=True)
    done = subprocess.run([*run, "--replay", tmp_path / "file", "--gdb=here"], capture_output=True, text=True, timeout=UNTIL_THERE, check=False,
                          input="continue\nucow-back exit 3\nreverse-stepi\ncontinue\necho twice\\n\nucow-back exit 2\nkill\nquit\n")
    forwards, _, backwards = done.stdout.partition("twice")
    assert [forwards.count(line) for line in ("I am the child.\n", "exit pass.\n")] == [1, 2], done.stdout + done.stderr
    assert "Breakpoint -" not in forwards
    assert "exit in process 2 exit" in backwards and "I am " not in backwards and "pass" not in backwards


def test_program_from_outside(build, tmp_path):
    """Its functions and lines are known from its exec on, as those of a program of the archive. (D121)"""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    build.need_trace()
    shutil.copy(build.folder / "user/exit.elf", tmp_path / "mine.elf")
    done = subprocess.run([ROOT / "tools/run", "--build", build.folder, "--gdb=here", "--event", "exec:1", tmp_path / "mine.elf"],
                          input="break main\ncontinue\nucow-bt\nkill\nquit\n", capture_output=True, text=True,
                          timeout=UNTIL_THERE, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    assert re.search(r"Breakpoint 1 at 0x\w+: file .*exit\.c, line \d+", done.stdout), done.stdout + done.stderr
    assert re.search(r"^Breakpoint 1, main \(.*exit\.c:\d+$", done.stdout, re.MULTILINE), done.stdout


def test_every_kind_of_event(bench, build):
    """The debugger gets to each kind that a run has, however the kernel records it."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    build.need_trace()
    run = bench.machine("exit").run(build.wall_seconds)
    bench.runs.append(run)
    kinds = [kind for kind in dict.fromkeys(record.name for record in run.trace) if kind not in ("boot", "peak", "end")]
    assert {"exec", "map", "state", "switch", "page_copy"} <= set(kinds)
    with subprocess.Popen([ROOT / "tools/run", "--build", build.folder, "--gdb", "exit"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as machine:
        try:
            line = next(line for line in machine.stderr if line.startswith(f"{SAID}gdb "))
            said = subprocess.run([*shlex.split(line.removeprefix(SAID)), "-nx", "-q", "-batch",
                                   *(word for kind in kinds for word in ("-ex", f"ucow-event {kind}"))],
                                  capture_output=True, text=True, timeout=UNTIL_THERE, check=False)
        finally:
            machine.terminate()
    assert re.findall(r"^(\w+) in process \d", said.stdout, re.MULTILINE) == kinds, said.stdout + said.stderr


def test_editor(build, tmp_path):
    """As .vscode/launch.json says: at a TCP port; the commands know processes, and a breakpoint in the kernel is hit. Without
    a trace system calls enter at another line; the callers in the program are there, too (D137)."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    build.need_functions("do_fork")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launch = json.loads((ROOT / ".vscode/launch.json").read_text())["configurations"][0]
    words = [command["text"].replace("${workspaceFolder}", str(ROOT)) for command in launch["setupCommands"]]
    words += [f"target remote {launch['miDebuggerServerAddress'].replace('1234', str(port))}", "break do_fork if boot_cpu.current->pid == 2",
              "continue", "ucow-ps", "backtrace"]
    with subprocess.Popen([ROOT / "tools/run", "--build", build.folder, f"--gdb={port}", "trace=off", "exit"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as machine:
        try:
            line = next(line for line in machine.stderr if line.startswith(f"{SAID}gdb "))
            said = subprocess.run(["gdb", "-nx", "-q", "-batch", str(build.kernel), *(word for command in words for word in ("-ex", command))],
                                  capture_output=True, text=True, timeout=UNTIL_THERE, check=False)
        finally:
            machine.terminate()
    debug = Path(shlex.split(line.removeprefix(SAID))[-1])
    assert debug.name == "debug" and "Traceback" not in said.stderr
    assert not debug.parent.exists()  # removed, although no one could read any more that the tool was interrupted
    assert re.search(r"^\* +2 +1 RUNNING +exit$", said.stdout, re.MULTILINE), said.stdout + said.stderr
    assert re.search(r"^#\d+ +main .* at .*exit\.c:\d+$", said.stdout, re.MULTILINE), said.stdout


def test_inspect(bench, build):
    """From the memory that a machine has left."""
    run = bench.machine("exit").run(build.wall_seconds)
    bench.runs.append(run)
    memory = FileMemory(run.memory_file)
    try:
        guest = Guest.of(memory, build.kernel)
        assert "*    1      0 RUNNING   init" in inspect.answer(guest, "ps", [])
        assert list(inspect.overview(guest)) == [*inspect.answer(guest, "ps", []), *inspect.answer(guest, "waits", [])]
        with pytest.raises(LabError, match="process 1 runs: its registers are those of the CPU, not in memory; name another process"):
            list(inspect.answer(guest, "bt", []))
        with pytest.raises(LabError, match="there is no question nosuch: there are ps tree"):
            inspect.answer(guest, "nosuch", [])
    finally:
        memory.close()


def test_mutex_and_waiter(boot, build):
    """A process that reads holds the mutex of the input while it waits; a second reader waits for the mutex."""
    with boot("sh") as live:
        live.expect("$ ")
        live.qmp.stop()
        memory = FileMemory(live.memory_file)
        try:
            guest = Guest.of(memory, build.kernel)
            known = {name for _, name in inspect.mutexes(guest)}
            assert {"reading", "writing", "memory of 2"} <= known
        finally:
            memory.close()
        live.qmp.cont()
        live.type("exit\n")
        live.end()
