# SPDX-License-Identifier: MIT
"""user/bin/sh.c: the shell, with input from the serial line."""

import mmap
import re
import struct
import subprocess
import time
from pathlib import Path

import pytest
from ucow.machine import PASSED, PROGRAM_FAILED, symbols_of
from ucow.memory import FileMemory
from ucow.symbols import physical

PROMPT = "$ "
BACKSPACE, DELETE, END_OF_INPUT = "\b", "\x7f", "\x04"
RUB_OUT = "\b \b"  # removes a character from the terminal
LINE_ROOM = 255    # characters of a line, without its NUL
INPUT_ROOM = 256   # characters that the kernel buffers
FLOOD_SECONDS = 20  # wall-clock limit of what takes milliseconds


@pytest.fixture
def shell(boot):
    """A machine that runs the shell, at its first prompt."""
    with boot("sh") as live:
        live.expect(PROMPT)
        yield live


def say(live, line: str) -> str:
    """Type a line, and return what is printed between its echo and the next prompt."""
    live.type(line + "\n")
    live.expect(line + "\n")
    return live.expect(PROMPT).removesuffix(PROMPT)


def leave(live, code: int = 0):
    """Exit from the shell; the machine powers off."""
    live.type(f"exit {code}\n")
    return live.end(PROGRAM_FAILED if code else PASSED)


def test_program_with_arguments(shell):
    """Words are separated by any number of spaces; exit code 0 is not printed."""
    assert say(shell, "args one  two") == ("args: argc = 3\nargs: argv[0] = args\nargs: argv[1] = one\n"
                                           "args: argv[2] = two\nargs pass.\n")
    leave(shell)


def test_exit_code_is_shown(shell):
    """The shell prints an exit code other than 0, here of a killed program."""
    assert say(shell, "divzero").endswith("killed by kernel.\ndivzero: exit code -9\n")
    leave(shell)


def test_help(shell):
    assert re.search(r"^help .*\n(.*\n)*exit .*\n", say(shell, "help"))
    leave(shell)


def test_keys(shell):
    """docs/terminal.md and `help` have the same table of keys, and no line of `help` is wider than a terminal."""
    text = (Path(__file__).parents[3] / "docs/terminal.md").read_text(encoding="utf-8")
    section = text.partition("\n## Keys\n")[2].partition("\n## ")[0].replace("\\\\", "\\")
    keys = re.findall(r"^\| (?!key)(.+?) \| (.+?) \|$", section, re.MULTILINE)
    lines = say(shell, "help").splitlines()
    assert len(keys) > 10 and lines[-len(keys):] == [f"{name:15} {what}" for name, what in keys]
    assert max(map(len, lines)) < 80
    leave(shell)


def test_unknown_program(shell):
    """The shell prints an error and continues."""
    assert say(shell, "wibble") == "wibble: no such program\n"
    assert say(shell, "hello") == "Hello world!!.\nI am process 4.\nhello pass.\n"
    leave(shell)


def test_empty_lines(shell):
    """An empty line, or one of spaces, gives a new prompt and starts no process."""
    assert [say(shell, line) for line in ("", "   ")] == ["", ""]
    assert not [record for record in leave(shell).trace.all("fork", parent=2)]


@pytest.mark.parametrize("key", [BACKSPACE, DELETE], ids=["backspace", "delete"])
def test_backspace(shell, key):
    """Removes the last character, on the terminal too; does nothing at the beginning of a line."""
    shell.type(f"{key}helpx{key}\n")
    assert shell.expect("\n") == f"helpx{RUB_OUT}\n"
    assert shell.expect(PROMPT).startswith("help ")
    leave(shell)


def test_end_of_input(shell):
    """^D at the beginning of a line ends the shell with code 0; later in a line it is ignored."""
    shell.type(f"he{END_OF_INPUT}llo\n")
    shell.expect("hello pass.\n" + PROMPT)
    shell.type(END_OF_INPUT)
    shell.end()


def test_exit_code_of_the_shell(shell):
    """`exit 7` becomes the status of the run, and init prints it."""
    out = leave(shell, 7)
    out.lines.once('init: program "sh" ended with exit code 7.')


def test_lines_typed_ahead(shell):
    """Two programs typed at once run one after the other."""
    shell.type("hello\nargs\n")
    shell.expect("hello pass.\n")
    shell.expect("args pass.\n")
    shell.expect(PROMPT)
    out = leave(shell)
    out.lines.in_order("hello pass.", "args: argc = 1", "args pass.")


def test_overlong_line(shell):
    """Characters that do not fit are not shown, and the line is refused, never cut and run."""
    word = "x" * (LINE_ROOM + 45)
    shell.type(word + "\n")
    assert shell.expect("\n") == word[:LINE_ROOM] + "\n"
    assert shell.expect(PROMPT) == f"sh: the line has more than {LINE_ROOM} bytes: nothing was run\n{PROMPT}"
    assert say(shell, "x" * LINE_ROOM) == f"{'x' * LINE_ROOM}: no such program\n"
    leave(shell)


def test_too_many_words(shell):
    """More words than the maximal number of arguments."""
    line = "args" + " x" * 64
    assert say(shell, line) == "args: more than 64 words\n"
    leave(shell)


def received(live, build) -> int:
    """How many characters the kernel has taken from the serial port."""
    memory = FileMemory(live.memory_file)
    count, = struct.unpack("<I", memory.read(physical(symbols_of(build.kernel).address("chars_received")), 4))
    memory.close()
    return count


def wake_noread(live):
    """Change the word that noread.c looks at, from outside."""
    ear = struct.pack("<8I", *range(0xDEAF0000, 0xDEAF0008))
    with live.memory_file.open("r+b") as file, mmap.mmap(file.fileno(), 0) as ram:
        at = ram.find(ear)
        assert at >= 0, "noread has no ear in the guest's memory"
        ram[at:at + 4] = bytes(4)


def test_flood(shell, build):
    """Of 400 characters typed while no program reads, the kernel takes 256, and the others wait in the port. (D56, D102)"""
    shell.type("noread\n")
    shell.expect("noread: waiting.\n")
    before = received(shell, build)
    shell.type("wibble\n" + "y" * 393)
    deadline = time.monotonic() + FLOOD_SECONDS
    while (taken := received(shell, build) - before) < INPUT_ROOM:
        assert time.monotonic() < deadline, f"of {INPUT_ROOM} characters that have room the kernel has taken {taken}"
    wake_noread(shell)
    shell.expect("wibble: no such program\n" + PROMPT)
    shell.expect("y" * LINE_ROOM)
    shell.type("\n")
    shell.expect(f"sh: the line has more than {LINE_ROOM} bytes: nothing was run\n{PROMPT}")
    out = leave(shell)
    assert not [line for line in out.lines if "input were lost" in line]


def test_typed_before_the_kernel_is_up(bench):
    """Input that arrived before the kernel initialized the serial port is not lost, so that a pipe works. (D56)"""
    machine = bench.machine("sh")
    with machine.scratch() as folder:
        command = machine.command(swap_file=Path(folder, "swap"))
        answer = subprocess.run(command, input="hello\nexit\n", capture_output=True, text=True,
                                timeout=bench.build.wall_seconds)
    assert answer.returncode == PASSED
    assert "$ hello\nHello world!!.\n" in answer.stdout


def test_quotes_and_separators(shell):
    """A quoted word keeps its blanks; commands run one after the other; of a wrong line nothing runs."""
    assert say(shell, "echo 'a  b' c\\ d; echo \"x;y\"") == "a  b c d\nx;y\n"
    assert say(shell, "echo a; echo 'b") == "echo: a quote is not closed\n"
    assert say(shell, "echo a && echo b") == "echo: there is no && here: a; b runs one after the other\n"
    assert say(shell, "echo a # && echo b") == "a\n"
    assert say(shell, "echo a; echo b >c") == "echo: there are no pipes or redirections here: quote | < > to pass them\n"
    leave(shell)


def test_wrong_arguments(shell):
    """Of builtin commands; the shell lives on."""
    assert say(shell, "exit foo") == "exit: foo is no number\n"
    assert say(shell, "ls foo") == "ls: there are no folders; ls -l prints sizes, too\n"
    assert say(shell, "exit 1 2") == "exit: too many words; it is used as: exit [CODE]\n"
    assert say(shell, "jobs x") == "jobs: too many words; it is used as: jobs\n"
    leave(shell)


def test_hidden_program(shell):
    """./NAME is the program of a name that a builtin command has."""
    assert say(shell, "help exit").endswith("\n./exit: wait() returns all 32 bits of the child's exit code, and returns it once\n")
    assert say(shell, "./exit").endswith("exit pass.\n")
    assert say(shell, "time ./nosuch").startswith("nosuch: no such program\n")
    leave(shell)


def test_the_end_of_the_input_is_no_failure(shell):
    """Whatever the last command did: a person has seen it."""
    say(shell, "divzero")
    shell.type(END_OF_INPUT)
    shell.end()


def test_usage(shell):
    """Programs that need arguments say which, and do not panic."""
    sources = (Path(__file__).parents[3] / "user").rglob("*.c")
    found = {text for source in sources for text in re.findall(r'usage\("(\w+ [^"]*)"\)', source.read_text(encoding="utf-8"))}
    assert len(found) > 10
    for name in sorted({text.split()[0] for text in found}):
        assert re.fullmatch(rf"usage: {name} .*\n{name}: exit code 2\n", say(shell, name)), name
    leave(shell)


def test_editing(shell):
    """Arrows, home, end and the history change the line that is run."""
    shell.type("cho b\x1b[Hecho\x7f\x7f\x7f\x1b[Fc\n")
    assert shell.expect(PROMPT).endswith("\nbc\n" + PROMPT)
    shell.type("\x1b[A\x1b[Dx\n")
    assert shell.expect(PROMPT).endswith("\nbxc\n" + PROMPT)
    shell.type("bad\t\n")  # several programs: a list, and the line again
    shell.expect("badarg  badexec")
    shell.expect(PROMPT + "bad\n")
    shell.expect(PROMPT)
    shell.type("nothing\x03")
    assert shell.expect(PROMPT) == "nothing^C\n" + PROMPT
    leave(shell)


def test_utf8(shell):
    """A character of several bytes is erased as one, with all its columns."""
    shell.type("echo \u00e9\u6c34\x7f\u00fc\n")
    assert shell.expect("\n") == "echo \u00e9\u6c34\b \b\b \b\u00fc\n"
    assert shell.expect(PROMPT) == "\u00e9\u00fc\n" + PROMPT
    leave(shell)


def test_jobs(shell):
    """A program in the background has a number; it is listed, killed, and its end is reported."""
    shell.type("noread &\n")
    shell.expect("noread &\n[1] 3\n")
    shell.expect("noread: waiting.\n")  # before or after the next prompt, which is shown again
    shell.expect(PROMPT)
    shell.type("jobs\n")
    shell.expect("[1]     3 running      noread\n")
    shell.expect(PROMPT)
    shell.type("fg\n")
    shell.expect("fg\nnoread\n")
    shell.type("\x03")
    assert shell.expect(PROMPT) == "^C\nnoread: exit code -9\n" + PROMPT
    assert say(shell, "fg") == "fg: there is no job\n"
    ended = say(shell, "nop & sleeper; jobs; jobs")  # one line: the next prompt would report the end, too
    assert ended.startswith("[1] 4\n")
    assert ended.endswith("sleeper pass.\n[1]     4 done         nop\n")
    assert say(shell, "kill 1").startswith("kill: there is no process 1")
    leave(shell)


def test_a_key_before_the_first_prompt(boot):
    """D138: ^C, typed while the machine boots, does not end the shell."""
    with boot("sh") as live:
        live.type("\x03echo ok\n")
        live.expect("\nok\n")
        leave(live)


def test_leaving_waits_for_jobs(shell):
    """^C ends the job that the shell waits for, and the machine powers off."""
    say(shell, "noread &")
    shell.type("exit\n")
    shell.expect("sh: waits for [1] noread; ^C ends it\n")
    shell.type("\x03")
    shell.end().lines.once("noread: exit code -9")


def test_help_of_one(shell):
    assert say(shell, "help nop") == "nop: does nothing\n"
    assert say(shell, "help jobs").startswith("jobs ")
    assert say(shell, "help wibble") == "help: there is nothing about wibble: see help and ls\n"
    assert re.fullmatch(r"nop\n|(?:.*\n)*.*\bhello\b(?:.*\n)*", say(shell, "ls"))
    leave(shell)


def test_arguments(run):
    """system() of a program for Linux gives it some: it says so, and waits for no terminal."""
    out = run("sh", "-c", "hello", expect=PROGRAM_FAILED)
    out.lines.once("sh: this shell takes no arguments, such as -c")
    out.lines.once('init: program "sh" ended with exit code 127.')
