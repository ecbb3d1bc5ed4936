# SPDX-License-Identifier: MIT
"""The terminal: canonical mode, keys that act at once, the foreground group; typed at the shell."""

import os
import random
import re

import pytest

PROMPT = "$ "
TICK_HZ = 100
MAX_JOBS = 32  # of sh.h
KEYS = {"^C": "\x03", "^\\": "\x1c"}
READERS = 17  # more processes than ^T prints at once
SWALLOW_NAP = 20  # ticks before it reads
STATUS_HEAD = "  pid parent  group state        runs   pages name"
STATUS_ROW = re.compile(r"^([ \d]{5}) [ \d]{6} [ \d]{6} [A-Z ]{8} [ \d]{8} [ \d]{7} \S+$", re.MULTILINE)


@pytest.fixture
def shell(boot):
    with boot("sh") as live:
        live.expect(PROMPT)
        yield live


def leave(shell):
    shell.type("exit\n")
    return shell.end()


def now(live) -> int:
    """The tick that ^T prints, at the prompt."""
    live.type("\x14")
    live.expect("processes at tick ")
    return int(live.expect(":").rstrip(":"))


@pytest.mark.parametrize("shown", KEYS)
def test_a_key_ends_the_foreground_program_only(shell, shown):
    """One that spins in user mode; the shell and a job in the background live on."""
    shell.type("noread &\n")
    shell.expect("noread: waiting.\n")
    shell.type("noread\n")
    shell.expect("noread: waiting.\n")
    shell.type(KEYS[shown])
    shell.expect(f"{shown}\nnoread: exit code -9\n")
    shell.expect(PROMPT)
    shell.type("jobs\n")
    shell.expect("running      noread\n")
    shell.type("kill %1\nsleeper\n")  # it ends while the sleeper sleeps, and the next prompt says so
    shell.expect("exit code -9  noread\n")
    kills = leave(shell).trace.of("kill")
    assert len(kills) == 2


def test_a_program_that_is_run_directly(boot):
    """^C ends it, too, and what was typed is not shown."""
    with boot("noread") as live:
        live.expect("noread: waiting.\n")
        live.type("abc\x03")
        out = live.end(expect=35)
        assert not [line for line in out.lines if "abc" in line or "^C" in line]


def test_canonical_mode(shell):
    """A program reads lines that were edited, and sees them shown."""
    shell.type("swallow 9\n")
    shell.expect("bytes, please\n")
    shell.type("one\x17two \x7f\x7f\x15" "abcd efg\x7f!\r")
    shell.expect("abcd efg\b \b!\n")
    shell.expect("swallow pass.\n")
    shell.expect(PROMPT)
    shell.type("swallow 4\n")
    shell.expect("bytes, please\n")
    shell.type("gone")
    shell.expect("gone")
    shell.type("\x03")  # ends the line, too
    shell.expect("^C\n")
    shell.expect(PROMPT)
    shell.type("echo\n")
    assert shell.expect("\n") == "echo\n", "what was typed before ^C is still in the line"
    leave(shell)


def test_status(shell):
    """^T prints all processes, in columns, while one spins and at the prompt, which is shown again."""
    for _ in range(READERS):
        shell.type("swallow 1 &\n")
        shell.expect("bytes, please\n")
    shell.type("noread\n")
    shell.expect("noread: waiting.\n")
    shell.type("\x14")
    table = shell.expect("noread\n")
    rows = [int(pid) for pid in STATUS_ROW.findall(table)]
    assert STATUS_HEAD in table.splitlines() and rows == list(range(1, READERS + 4)), f"a row is missing, or has other columns:\n{table}"
    states = [line[20:28].strip() for line in table.splitlines()[-len(rows):]]
    assert states[-1] in ("RUNNING", "RUNNABLE"), f"noread spins, but is not shown so:\n{table}"  # others may wake meanwhile
    shell.type("\x03")
    shell.expect(PROMPT)
    shell.type("ec\x14")
    shell.expect("processes at tick")
    shell.expect(PROMPT + "ec")
    shell.type("ho ok\n")
    shell.expect("\nok\n")
    shell.type("".join(f"kill %{number}\n" for number in range(1, READERS + 1)) + "echo ended\n")
    shell.expect("\nended\n")
    leave(shell)


def test_a_prompt_is_shown_again_after_a_line_of_the_background(shell):
    shell.type("sleeper &\nech")
    out = shell.expect("sleeper pass.\n")
    shell.expect(PROMPT + "ech")
    shell.type("o ok\n")
    shell.expect("\nok\n")
    assert "sleeper" in out
    leave(shell)


def test_background_readers_wait(shell):
    """Input is the foreground's; fg hands it over."""
    shell.type("swallow 3 &\n")
    shell.expect("bytes, please\n")
    shell.type("sleeper\n")
    shell.expect("sleeper pass.\n")  # the other has ended its nap, and waits
    shell.type("echo mine\n")
    shell.expect("\nmine\n")
    shell.type("fg\nab\n")
    shell.expect("swallow pass.\n")
    leave(shell)


def test_a_reader_in_the_background_leaves_the_prompt_to_the_shell(shell):
    """D114: it begins to read after the shell did; the shell's line is shown again all the same."""
    shell.type("swallow 1 &\n")
    shell.expect("bytes, please\n")
    end = now(shell) + SWALLOW_NAP
    while now(shell) <= end:
        pass
    shell.type("ec\x14")
    shell.expect("processes at tick")
    shell.expect(PROMPT + "ec")
    shell.type("ho ok\nkill %1\n")
    shell.expect("\nok\n")
    leave(shell)


WORDS = ["hello", "args a 'b c'", "forktest", "noread &", "noread", "spin", "sleeper &", "jobs", "fg", "kill %1", "kill %2",
         "kill -5", "time nop", "echo \u00e9 'x", "wibble", "ps", "exit; nop", "halfline &", "interleave"]
RANDOM_KEYS = ["\x03", "\x03", "\x14", "\x15", "\x17", "\x7f", "\t", "\x1b[A", "\x1b[D", "\x1b[H", "\x1c", "\x01", "x", "\u6c34"]


def mash(live, seed: int, strokes: int):
    """Random words and keys; ^C now and then, so that no program keeps the terminal. At the end all jobs are killed."""
    dice = random.Random(seed)
    for _ in range(strokes):
        text = dice.choice(WORDS).replace("exit; ", "") + "\n" if dice.random() < 0.5 else dice.choice(RANDOM_KEYS)
        live.type(text)
        if dice.random() < 0.3:
            live.type("\x03")
    for _ in range(40):
        live.type("\x03")
    live.type("\x15" + "".join(f"kill %{number}\n" for number in range(1, MAX_JOBS + 1)) + "echo done-now\n")


@pytest.mark.parametrize("seed", [1, 2])
def test_random_keys_lose_nothing(boot, seed):
    """The ledger and the trace's invariants judge at the end."""
    with boot("sh", cmdline="trace_kib=8192") as live:
        live.expect(PROMPT)
        mash(live, seed, 60)
        live.expect("\ndone-now\n")
        live.type("exit\n")
        live.end()


def test_random_keys_for_long(boot):
    """Random keys until the machine's clock has gone on by UCOW_KEYS_SECONDS; then all processes are gone."""
    seconds = int(os.environ.get("UCOW_KEYS_SECONDS", "60"))
    with boot("sh", cmdline="trace=off", seconds=seconds) as live:
        live.expect(PROMPT)
        end = now(live) + seconds * TICK_HZ
        seed = 100
        while now(live) < end:
            seed += 1
            mash(live, seed, 40)
            live.expect("\ndone-now\n")
        live.type("exit\n")
        live.end()
