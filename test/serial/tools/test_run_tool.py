# SPDX-License-Identifier: MIT
"""tools/run and tools/test: what they refuse, and that the end of the input ends the shell."""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import stderr_of
from elf_files import Elf, Segment, one
from stand_ins import instead_of_tests
from ucow.memory import FileMemory, may_change

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT = 100  # wall-clock backstop of a machine
PASSED, FAILED, PANIC, NO_VERDICT, REFUSED = 0, 1, 2, 4, 5


def run_in(folder: Path, *words: str, typed: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run tools/run on a build directory, with `typed` as its whole input."""
    return subprocess.run([ROOT / "tools/run", "--build", folder, *words], input=typed, capture_output=True, text=True,
                          timeout=TIMEOUT, check=False, cwd=cwd)


def sentence(done) -> str:
    """What was refused before anything was run: the sentence without the tool's name."""
    assert (done.returncode, done.stdout) == (REFUSED, ""), done.stderr
    return stderr_of(done).removeprefix("tools/run: ").removesuffix("\n")


@pytest.mark.parametrize("typed, seen", [("", "$ "), ("sh\nhello\n", "hello pass."), ("hello\nforktest", "forktest pass.")],
                         ids=["nothing", "two shells", "a last line without an end"])
def test_end_of_input_ends_the_shell(build, typed, seen):
    """Not the time limit: each shell ends with code 0, and the machine has passed."""
    done = run_in(build.folder, typed=typed)
    assert done.returncode == PASSED, done.stdout + done.stderr
    assert seen in done.stdout


def wait_until(condition) -> None:
    """Return once the condition holds."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "the machine did not get there"
        time.sleep(0.02)


def test_slow_reader(build, tmp_path):
    """A reader that begins only after the machine has ended gets all of its output, which is more than a pipe holds."""
    ram = tmp_path / "ram"
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with open(reader, encoding="utf-8") as output, \
            subprocess.Popen([ROOT / "tools/run", "--build", build.folder, "--ram", ram, "interleave"], stdin=subprocess.DEVNULL,
                             stdout=writer, stderr=subprocess.PIPE, text=True) as run:
        os.close(writer)
        wait_until(ram.exists)
        memory = FileMemory(ram)
        wait_until(lambda: not may_change(memory))  # QEMU makes the file, and has it open to its end
        memory.close()
        lines = output.read().splitlines()
        done = subprocess.CompletedProcess(run.args, run.wait(TIMEOUT), "", run.stderr.read())
    assert (done.returncode, stderr_of(done)) == (PASSED, "")
    assert lines[-1] == "init check memory pass." and len([line for line in lines if ": child " in line]) == 100


class OnTerminal:
    """tools/run with a shell or `words`, on a terminal of its own."""

    def __init__(self, folder: Path, *words: str):
        self.keyboard, self.terminal = pty.openpty()
        self.before = termios.tcgetattr(self.terminal)
        self.process = subprocess.Popen([ROOT / "tools/run", "--build", folder, *words], stdin=self.terminal,
                                        stdout=self.terminal, stderr=self.terminal, start_new_session=True)
        self.seen = ""

    def expect(self, text: str) -> None:
        """Wait until `text` is on the screen; what comes after it is left for the next call."""
        while text not in self.seen:
            readable, _, _ = select.select([self.keyboard], [], [], TIMEOUT / 4)
            assert readable, f"expected {text!r} on the terminal, seen {self.seen!r}"
            self.seen += os.read(self.keyboard, 4096).decode(errors="replace")
        self.seen = self.seen.partition(text)[2]

    def type(self, text: str) -> None:
        os.write(self.keyboard, text.encode())

    def machine(self) -> str:
        """The command line of its QEMU."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_text().replace("\0", " ")
                if "qemu-system" in command.partition(" ")[0] and os.getsid(int(folder.name)) == self.process.pid:
                    found.append(command)
        return found[0]

    def end(self) -> int:
        """Wait for the end, which leaves the terminal as it was. Returns the status."""
        status = self.process.wait(TIMEOUT)
        assert termios.tcgetattr(self.terminal) == self.before
        for end in (self.keyboard, self.terminal):
            os.close(end)
        return status


def test_recorded_terminal(build, tmp_path):
    """A line that is pasted arrives whole in a shell that is recorded, and so in its replay."""
    run = OnTerminal(build.folder, "--record", tmp_path / "recording")
    run.expect("Ctrl-C ends the program in it, Ctrl-A X ends the machine")
    run.expect("$ ")
    run.type("noread\r")
    run.expect("noread: waiting.")
    run.type("\x03")  # the machine's, as without --record
    run.expect("noread: exit code -9")
    for line, answer in (("args one two", "args: argv[2] = two"), ("hello", "hello pass.")):
        run.expect("$ ")
        run.type(f"{line}\r")
        run.expect(answer)
    run.expect("$ ")
    run.type("exit\r")
    run.expect("tools/run: recorded: ")
    assert run.end() == PASSED
    done = subprocess.run([ROOT / "tools/run", "--build", build.folder, "--replay", tmp_path / "recording"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == PASSED and "argv[2] = two\n" in done.stdout and "hello pass.\n" in done.stdout, done.stdout + done.stderr


def test_recorded_keys_come_one_by_one(tmp_path):
    """In the shell's line the next character waits for the echo of the one before it; parts of a key, which have none, do not."""
    serial = tmp_path / "serial"
    serial.write_text("sh\r\n$ ")
    with subprocess.Popen([ROOT / "tools/lib/recording", "keys", serial], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as keys:
        keys.stdin.write(b"ab\x1b[Ac")
        assert keys.stdout.read(1) == b"a"
        assert not select.select([keys.stdout], [], [], 1)[0]
        for echo, more in (("a", b"b"), ("b", b"\x1b"), ("", b"["), ("", b"A"), ("", b"c")):
            with serial.open("a") as file:
                file.write(echo)
            assert keys.stdout.read(1) == more
        keys.stdin.close()


def test_end_of_recorded_text_waits_for_the_last_line(tmp_path):
    """What follows it, ^D, could take the place of a newline that the machine has not read yet. (D128)"""
    serial = tmp_path / "serial"
    serial.write_text("sh\r\n$ ")
    with subprocess.Popen([ROOT / "tools/lib/recording", "type", serial], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as text:
        text.stdin.write(b"x\n")
        text.stdin.close()
        for echo, more in (("", b"x"), ("x", b"\n")):
            with serial.open("a") as file:
                file.write(echo)
            assert text.stdout.read(1) == more
        assert not select.select([text.stdout], [], [], 0.5)[0], "it has ended before the newline was echoed"
        with serial.open("a") as file:
            file.write("\r\n")
        assert text.stdout.read(1) == b""


@pytest.mark.parametrize("ending, status", [("\x04", PASSED), ("\x01x", NO_VERDICT), (signal.SIGTERM, -signal.SIGTERM)],
                         ids=["Ctrl-D", "Ctrl-A X", "SIGTERM"])
def test_terminal(build, ending, status):
    """Ctrl-C ends the program in the shell and nothing else; each ending leaves the terminal as it was. At the end is said where in its
    source the kernel killed a program."""
    run = OnTerminal(build.folder)
    run.expect("help lists its commands, Ctrl-D ends it")
    run.expect("Ctrl-A X ends the machine")
    run.expect("$ ")
    run.type("noread\r")
    run.expect("noread: waiting.")
    assert "-icount" not in run.machine()  # the shell's time is the host's
    run.type("\x03")
    run.expect("noread: exit code -9")
    run.expect("$ ")
    run.type("faultread\r")
    run.expect("faultread: exit code -9")
    run.expect("$ ")
    if isinstance(ending, str):
        run.type(ending)
        run.expect(" faultread was killed by the kernel (Page Fault) in main, faultread.c:")
    else:
        run.process.send_signal(ending)
    if status == NO_VERDICT:
        run.expect("the machine was ended by Ctrl-A X")
    assert run.end() == status


@pytest.fixture
def no_desktop(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize("quits", [False, True], ids=["exit", "Alt-2 quit"])
def test_display_on_a_terminal(build, no_desktop, quits):
    """Without a desktop the machine's screen is drawn on the terminal, and what is typed comes from its keyboard."""
    shows = subprocess.run(["qemu-system-i386", "-display", "help"], capture_output=True, text=True, check=False).stdout
    if "curses" not in shows.split():
        pytest.skip("this QEMU draws on no terminal (-display curses)")
    run = OnTerminal(build.folder, "--display")
    run.expect("starting the shell on a screen")
    run.expect("user processes on i386")
    run.expect("$ ")
    run.type("echo seen\r")
    run.expect("seen")
    if quits:
        run.type("\x1b2")
        run.expect("(qemu)")
        run.type("quit\r")
        run.expect("the machine was ended at its window or by quit")
    else:
        run.type("exit\r")
    assert run.end() == (NO_VERDICT if quits else PASSED)


def test_display_nowhere(build, no_desktop):
    """One sentence; a display that is named needs neither a desktop nor a terminal."""
    assert sentence(run_in(build.folder, "--display", "hello")) == (
        "--display: QEMU can neither open a window here (Debian's qemu-system-gui has them) nor draw on a terminal: "
        "give --display=vnc=:1, or another word of QEMU's -display")
    done = run_in(build.folder, "--display=none", "hello")
    assert done.returncode == PASSED and "hello pass." in done.stdout, done.stderr


def test_prompt_after_panic(build):
    """--monitor: a terminal gets the prompt, without a time limit; `quit` ends the run with the status of a panic."""
    if not build.planted:
        pytest.skip("the kernel is built with -Dplanted=false")
    run = OnTerminal(build.folder, "--monitor", "--timeout", "1", "selftest=panic", "hello")
    run.expect("starting hello; after a panic the prompt K> asks; Ctrl-A X ends the machine")
    run.expect("K> ")
    run.type("\x03ps\r")
    run.expect("*    1      0 RUNNING   init")
    assert "-icount" in run.machine()
    run.expect("K> ")
    run.type("quit\r")
    run.expect("tools/run: kernel panic at plant_panic (kernel/planted/planted.c:")
    assert run.end() == PANIC


def test_link_cdpath_and_open_input(build, tmp_path):
    """Through a symbolic link and with CDPATH set; the input does not end; options after the program are its own."""
    (tmp_path / "ucow").symlink_to(ROOT / "tools/run")
    reader, writer = os.pipe()
    try:
        done = subprocess.run([tmp_path / "ucow", "--build", build.folder, "args", "-m", "64M"], stdin=reader,
                              capture_output=True, text=True, timeout=TIMEOUT, check=False,
                              env={**os.environ, "CDPATH": f"{ROOT}:/"})
    finally:
        os.close(reader)
        os.close(writer)
    assert done.returncode == PASSED and "args: argv[1] = -m" in done.stdout, done.stderr
    assert stderr_of(done) == "tools/ucow: note: -m goes to args; options of tools/ucow stand before the program\n"


def test_output_that_is_lost(build):
    """The device is full: the run is no success."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([ROOT / "tools/run", "--build", build.folder, "hello"], stdin=subprocess.DEVNULL, stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, stderr_of(done)) == (REFUSED, "tools/run: the output is lost: write error: No space left on device\n")


def test_disk_that_no_file_system_has(build):
    if not build.swap:
        pytest.skip("the kernel is built with -Dswap=false")
    done = run_in(build.folder, "--swap", "99999999999G", "hello")
    assert sentence(done) == "--swap 99999999999G: the file system has no files of that size: give less"


def test_misspelt_program(build):
    """A name that is like that of a program: the sentence says which, and below are the others, no wider than a terminal."""
    done = run_in(build.folder, "forktset")
    assert done.returncode == REFUSED and "tools/run: there is no program forktset; did you mean forktest? there are " in done.stderr
    assert {"hello", "zeros"} <= set(done.stderr.split()) and max(map(len, stderr_of(done).splitlines())) < 80


def test_programs_from_outside(build, tmp_path):
    """--with: the shell has them, too; so has a program."""
    hello, dies = tmp_path / "my,hello.elf", tmp_path / "my,faultread.elf"
    for file in (hello, dies):
        shutil.copy(build.folder / "user" / file.name.removeprefix("my,"), file)
    done = run_in(build.folder, "--with", str(hello), "--with", str(dies), typed="my,hello\nmy,faultread\n")
    assert done.returncode == PASSED and "hello pass." in done.stdout, done.stdout + done.stderr
    assert "my,faultread: exit code -9" in done.stdout and stderr_of(done) == ""
    done = run_in(build.folder, "--with", str(hello), str(dies))
    assert done.returncode == FAILED and " in main, faultread.c:" in done.stderr, done.stderr
    assert sentence(run_in(build.folder, "--with", str(hello), str(hello))) == "two files are the program my,hello: rename one"


def test_place_of_death(build, tmp_path):
    """Function, file and line of the program's own source; also of a program from outside, by its own symbols."""
    source = (ROOT / "user/lab5/faultread.c").read_text().splitlines()
    line = next(number for number, text in enumerate(source, 1) if "*)0" in text)
    shutil.copy(build.folder / "user/faultread.elf", tmp_path / "mine.elf")
    for program, name in (("faultread", "faultread"), (str(tmp_path / "mine.elf"), "mine")):
        done = run_in(build.folder, program)
        assert stderr_of(done) == (f"tools/run: {name} ended with exit code -9: killed by the kernel (Page Fault) in main, "
                                   f"faultread.c:{line}\n")


def test_death_without_a_place(build):
    """A program that another process kills did not die in its source."""
    assert stderr_of(run_in(build.folder, "waitkill")) == "tools/run: waitkill ended with exit code -9: killed\n"


def test_program_that_does_not_end(build, tmp_path):
    """What the processes do at the time limit, and where the one is that runs, by its file; here by a link to it."""
    (tmp_path / "loop").symlink_to("file")
    (tmp_path / "file").write_bytes(one(data=b"\x90\xeb\xfe").file())  # nop; jmp to itself
    done = run_in(build.folder, "--timeout", "1", str(tmp_path / "loop"))
    said = stderr_of(done).splitlines()
    assert done.returncode == NO_VERDICT, done.stderr
    assert said[:2] == ["tools/run: the machine did not end within 1 seconds and was stopped (see --timeout)",
                        "tools/run: its processes when it was stopped:"]
    assert {"*    2      1 RUNNING   loop", "  1 init waits for a child to end: 2", "  2 loop runs:"} <= set(said)
    place = said[said.index("  2 loop runs:") + 1]
    assert place.startswith(f"#0  {one().entry + 1:#010x} user   ") and "is not in" not in place


DIE = bytes.fromhex("a100000000")                                  # eax = [0]
FORK = bytes.fromhex("b802000000 cd80 85c0")                        # eax = fork(); whether it is 0
SLEEP_AND_DIVIDE = bytes.fromhex("b80b000000 ba14000000 cd80 31c9f7f1")  # sleep(20); edx:eax / 0
WAIT = bytes.fromhex("b803000000 31d2 31c9 cd80")                   # wait(0, NULL)
KILL_MYSELF = bytes.fromhex("b812000000 cd80 89c2 b80c000000 cd80 ebfe")  # kill(getpid())


def parent_and_child(parent: bytes, child: bytes) -> bytes:
    """Code that forks, and is `parent` in the one process, `child` in the other."""
    return FORK + bytes([0x74, len(parent)]) + parent + child


@pytest.mark.parametrize("code, of_child, cause", [
    (parent_and_child(DIE, SLEEP_AND_DIVIDE), "Divide error", " by the kernel (Page Fault)"),
    (parent_and_child(WAIT + KILL_MYSELF, DIE), "Page Fault", "")], ids=["the child dies later", "only the child dies"])
def test_death_of_a_child(build, tmp_path, code, of_child, cause):
    """It is said, too, and is not taken for that of the first program. A program without symbols has no place."""
    (tmp_path / "family").write_bytes(one(data=code).file())
    done = run_in(build.folder, str(tmp_path / "family"))
    assert done.stdout.count("killed by kernel.") == (2 if cause else 1), done.stdout
    assert stderr_of(done) == (f"tools/run: pid 3 family was killed by the kernel ({of_child})\n"
                               f"tools/run: family ended with exit code -9: killed{cause}\n")


LINUX_BASE = 0x08048000
MISSING = b"pipe: Function not implemented\n"
LINUX_WRITE = bytes.fromhex("b804000000 bb01000000 b9") + (LINUX_BASE + 0x100).to_bytes(4, "little") + bytes(
    [0xba, len(MISSING), 0, 0, 0, 0xcd, 0x80])                              # write(1, what is at 0x100, its length)
LINUX_ABORT = bytes.fromhex("b814000000 cd80 89c3 b906000000 b8ee000000 cd80 ebfe")  # tkill(getpid(), SIGABRT)


def test_program_for_linux(build, tmp_path):
    """The signal that ends it has a name, and what a libc says of a missing system call a note."""
    build.need_linux()
    code = (LINUX_WRITE + LINUX_ABORT).ljust(0x100) + MISSING
    (tmp_path / "mine").write_bytes(Elf((Segment(va=LINUX_BASE, data=code),), entry=LINUX_BASE).file())
    assert stderr_of(run_in(build.folder, str(tmp_path / "mine"))) == (
        "tools/run: note: of the system calls of Linux, ucow has those that docs/linux.md lists\n"
        "tools/run: mine ended with exit code -9: killed by SIGABRT\n")


LINUX_PIPE = bytes.fromhex("b82a000000 cd80")                               # pipe()
LINUX_EXIT = bytes.fromhex("bb03000000 b801000000 cd80")                    # exit(3)


def test_missing_call(build, tmp_path):
    """A program for Linux that fails without a word: the system calls that there are not, by name. (D120)"""
    build.need_linux()
    build.need_trace()
    (tmp_path / "mine").write_bytes(Elf((Segment(va=LINUX_BASE, data=LINUX_PIPE + LINUX_EXIT),), entry=LINUX_BASE).file())
    assert stderr_of(run_in(build.folder, str(tmp_path / "mine"))) == (
        "tools/run: note: -ENOSYS was the result of pipe() (docs/linux.md; tools/strace -f shows each call)\n"
        "tools/run: mine ended with exit code 3.\n")


def test_program_for_linux_on_another_kernel(build, tmp_path):
    """A kernel without the calls of Linux takes them for ucow's: a note says what the program is. (D127)"""
    if build.linux:
        pytest.skip("the build has the calls of Linux")
    (tmp_path / "mine").write_bytes(Elf((Segment(va=LINUX_BASE, data=LINUX_PIPE + b"\xf4"),), entry=LINUX_BASE).file())
    assert stderr_of(run_in(build.folder, str(tmp_path / "mine"))).startswith(
        "tools/run: note: mine is a program for Linux: the kernel runs such programs if it is built with -D linux=true, the default\n")


def test_file_in_a_folder(build, tmp_path):
    """A name that is relative to where tools/run was started. (D126)"""
    (tmp_path / "here").mkdir()
    shutil.copy(build.folder / "user/hello.elf", tmp_path / "here/mine.elf")
    done = run_in(build.folder, "here/mine.elf", cwd=tmp_path)
    assert done.returncode == PASSED and "hello pass.\n" in done.stdout, done.stdout + done.stderr


def test_file_without_a_folder(build, tmp_path):
    """`tools/run mine` where ./mine is meant."""
    (tmp_path / "mine").write_bytes(b"")
    done = run_in(build.folder, "mine", cwd=tmp_path)
    assert done.returncode == 5
    assert stderr_of(done).startswith("tools/run: there is no program mine; the file here is ./mine; there are \n")


def test_other_exit_codes(build):
    """Only -9 is a death."""
    assert stderr_of(run_in(build.folder, "bench", "live", "x")) == "tools/run: bench ended with exit code 1.\n"


def test_options_on_many_lines(build, tmp_path):
    """As Meson 1.7 writes them."""
    (tmp_path / "meson-info").mkdir()
    options = json.loads((build.folder / "meson-info/intro-buildoptions.json").read_text())
    (tmp_path / "meson-info/intro-buildoptions.json").write_text(json.dumps(options, indent=4))
    for value, status in (build.swap, 0), (not build.swap, 1):
        words = ["bash", "-c", '. "$1"; build=$2; built_with swap "$3"', "bash", ROOT / "tools/lib/machine.sh", tmp_path,
                 str(value).lower()]
        assert subprocess.run(words, timeout=TIMEOUT, check=False).returncode == status


def test_refused_value(tmp_path):
    """Meson's sentence does not name the option; tools/run does. tools/site may have used the build directory before."""
    (tmp_path / "new/site").mkdir(parents=True)
    done = run_in(tmp_path / "new", "-D", "pmm=buddy", "-D", "cow=maybe", "hello")
    assert done.returncode == REFUSED
    assert done.stderr.splitlines()[-1] in (  # of Meson 1.0, and of 1.7
        "tools/run: -D cow=maybe: Value maybe is not boolean (true or false).",
        'tools/run: Option "cow" value maybe is not boolean (true or false).')


@pytest.mark.parametrize("memory", ["1M", "1", "1024K", "512K"])
def test_memory_that_cannot_hold_the_kernel(build, memory):
    """The kernel is loaded at 1 MiB: it could not even say so. (D101)"""
    done = run_in(build.folder, "--memory", memory, "hello")
    assert sentence(done) == (f"--memory {memory}: the kernel is loaded at 1 MiB and needs memory above it: "
                              "give at least 4M")


def copied(build, folder: Path) -> Path:
    """As much of the build directory as is looked at before it is used."""
    for name in ("meson-info/meson-info.json", "meson-private/coredata.dat", "meson-private/cmd_line.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(build.folder / name, folder / name)
    return folder


def test_copy_of_a_build_directory(build, tmp_path):
    """It would be built at the place that it was copied from."""
    said = sentence(run_in(copied(build, tmp_path / "copy"), "hello"))
    assert said.startswith(f"{tmp_path}/copy is a copy of {build.folder}: remove it")


def test_build_directory_of_another_tree(build, tmp_path):
    folder = copied(build, tmp_path / "copy")
    info = folder / "meson-info/meson-info.json"
    info.write_text(info.read_text().replace(f'"source": "{ROOT}"', '"source": "/elsewhere"'))
    assert sentence(run_in(folder, "hello")).startswith(f"{folder} belongs to the source tree /elsewhere: remove it")


def test_build_directory_of_another_compiler(build, tmp_path):
    """Refused before packages of the other compiler are installed: nothing but the refusal is printed."""
    folder = copied(build, tmp_path / "copy")
    for path in folder.rglob("*.json"):
        path.write_text(path.read_text().replace(str(build.folder), str(folder)))
    (folder / "meson-private/cmd_line.txt").write_text("")
    assert sentence(run_in(folder, "--clang", "19", "hello")).startswith(f"{folder} is configured for another compiler: remove")


@pytest.mark.parametrize("name, called", [("libc", True), ("playground", True), ("else", False)])
def test_what_other_tools_left(tmp_path, monkeypatch, name, called):
    """A clone in which tools/cc was the first command: its folder is no reason to refuse. (D125)

    Here Meson is a script that fails."""
    folder = tmp_path / "build"
    (folder / name).mkdir(parents=True)
    (tmp_path / "meson").write_text(f"#!/bin/sh\necho \"$*\" >>{tmp_path}/calls\nexit 1\n")
    (tmp_path / "meson").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    refused = run_in(folder, "hello")
    assert refused.returncode == REFUSED
    assert (tmp_path / "calls").exists() == called and ("is not empty and no build directory" in refused.stderr) != called, refused.stderr


@pytest.mark.skipif(not Path("/var/lib/dpkg/status").exists(), reason="tells by Debian's list of packages what was installed")
@pytest.mark.parametrize("age, called", [("older", 1), ("newer", 0)])
def test_packages_that_were_installed_later(build, tmp_path, monkeypatch, age, called):
    """D115: a directory that was configured before pytest was there is configured again. Here Meson is a script that fails."""
    folder = copied(build, tmp_path / "copy")
    for path in folder.rglob("*.json"):
        path.write_text(path.read_text().replace(str(build.folder), str(folder)))
    (folder / "build.ninja").write_text("this is no file for ninja\n")
    if age == "older":
        os.utime(folder / "build.ninja", (0, 0))
    (tmp_path / "meson").write_text(f"#!/bin/sh\necho \"$*\" >>{tmp_path}/calls\nexit 1\n")
    (tmp_path / "meson").chmod(0o755)
    (tmp_path / "calls").touch()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    refused = run_in(folder, "hello")
    assert refused.returncode == REFUSED
    assert (tmp_path / "calls").read_text() == f"setup --reconfigure {folder} {ROOT}\n" * called, refused.stderr


def test_second_run_waits_for_the_first(build):
    """While another command holds the lock of the build directory, this one waits, and then goes on."""
    lock = os.open(build.folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    command = [ROOT / "tools/run", "--build", build.folder, "hello"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as second:
        waiting = second.stderr.readline()
        os.close(lock)  # before anything can fail: the command would wait for ever
        output, errors = second.communicate(timeout=TIMEOUT)
    assert waiting == f"tools/run: waiting for another command that builds in {build.folder}\n"
    assert second.returncode == PASSED and "hello pass." in output, errors


def test_what_tests_leave(build, tmp_path, monkeypatch):
    """D111: a file or a process that the tests leave is a failure. Here `meson test` is a script that leaves both."""
    instead_of_tests(monkeypatch, tmp_path, 'touch "$TMPDIR/file"; sleep 100 >/dev/null 2>&1 &')
    done = subprocess.run([ROOT / "tools/test", "--build", build.folder, "exit"], capture_output=True, text=True,
                          timeout=TIMEOUT, check=False)
    left = re.search(r"tools/test: the tests have left something: \S+/tmp/file *(\d+) sleep 100", done.stderr)
    assert left and done.returncode == 1, done.stderr
    os.kill(int(left[1]), signal.SIGKILL)


@pytest.mark.parametrize("words, said", [(["hello", "nosuch*"], "nosuch*"), (["--", "--suite", "nosuch"], "--suite nosuch")],
                         ids=["name", "suite"])
def test_unknown_test(build, words, said):
    """Meson would run the other tests, or none, and succeed."""
    done = subprocess.run([ROOT / "tools/test", "--build", build.folder, *words], capture_output=True, text=True,
                          timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert stderr_of(done) == f"tools/test: there is no test {said}: see meson test -C {build.folder} --list\n"
