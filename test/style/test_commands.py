# SPDX-License-Identifier: MIT
"""Every command in tools/ answers --help, and refuses wrong arguments with a sentence; none ends in a traceback."""
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = sorted(str(path.relative_to(ROOT)) for folder in ("tools", "tools/build") for path in (ROOT / folder).iterdir()
                  if path.is_file() and os.access(path, os.X_OK))
SUBCOMMANDS = ["tools/fuzz syscalls", "tools/fuzz code", "tools/fuzz elf"]
# Wrong arguments, and a word that the refusal must have.
WRONG = {
    "tools/configurations nosuch": "nosuch", "tools/coverage": "BUILD", "tools/coverage /": "no build directory",
    "tools/inject": "name a program", "tools/inject -n hello": "-n", "tools/matrix nosuch": "nosuch",
    "tools/pages --elf nosuch x": "nosuch", "tools/planted": "--check", "tools/run -m lots": "lots",
    "tools/run --timeout": "needs a value", "tools/test -D cow": "NAME=VALUE", "tools/trace nosuch": "nosuch",
    "tools/build/line_table.py": "KERNEL",
}


def call(line: str) -> subprocess.CompletedProcess:
    command, *words = line.split()
    return subprocess.run([ROOT / command, *words], capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL,
                          timeout=60, check=False, env={**os.environ, "UCOW_BUILD": "/nonexistent/build"})


@pytest.fixture(scope="module")
def answers() -> dict[str, subprocess.CompletedProcess]:
    """What all commands answer, by their command line; they run side by side."""
    lines = [*WRONG, *(f"{command} {word}" for command in COMMANDS + SUBCOMMANDS for word in ("--help", "--no-such-option"))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(lines, pool.map(call, lines)))


def test_commands_are_found():
    assert {"tools/run", "tools/test", "tools/trace", "tools/build/mkarchive.py"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS + SUBCOMMANDS)
def test_help(command, answers):
    done = answers[f"{command} --help"]
    assert (done.returncode, done.stderr) == (0, "") and len(done.stdout.split()) > 10


def assert_refused(done: subprocess.CompletedProcess, word: str):
    """One sentence, below a usage line if argparse wrote it."""
    lines = done.stderr.splitlines()
    assert done.returncode not in (0, 77) and "Traceback" not in done.stderr
    assert lines and word in lines[-1] and (len(lines) == 1 or lines[0].startswith("usage: ")), done.stderr


@pytest.mark.parametrize("command", COMMANDS + SUBCOMMANDS)
def test_unknown_option(command, answers):
    assert_refused(answers[f"{command} --no-such-option"], "" if command.startswith("tools/build/") else "--no-such-option")


@pytest.mark.parametrize("line, word", WRONG.items(), ids=WRONG)
def test_wrong_arguments(line, word, answers):
    assert_refused(answers[line], word)
