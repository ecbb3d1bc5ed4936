# SPDX-License-Identifier: MIT
"""A failed unit test: its message is on stderr, which Meson shows; the tests after it run as if it had passed."""

import os
import re
import subprocess
from pathlib import Path

PROGRAM = Path(os.environ["UCOW_BUILD"], "test/unit/unit_failing")
MESSAGES = [
    r"# \S*failing\.c:\d+: expected value == 3, but 2 \(0x2\) != 3 \(0x3\)",
    r'# \S*failing\.c:\d+: expected "kernel" == "colonel", but "kernel" != "colonel"',
    r"# kernel panic: frame 7 is free",
    r'# expected a panic that says "so it says", got status 0x0',
]


def test_messages():
    done = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=30, check=False)
    results = re.findall(r"^(ok|not ok) (\d+) - (\w+)$", done.stdout, re.MULTILINE)
    assert [(result, int(number)) for result, number, _ in results] == [
        ("ok", 1), ("not ok", 2), ("ok", 3), ("not ok", 4), ("not ok", 5), ("not ok", 6), ("ok", 7)], done.stdout
    assert done.stdout.startswith("1..7\n") and done.returncode == 1 and "#" not in done.stdout
    lines = iter(done.stderr.splitlines())
    for message, name in zip(MESSAGES, (name for result, _, name in results if result == "not ok")):
        assert any(re.fullmatch(message, line) for line in lines), f"{message} is not in\n{done.stderr}"
        assert any(line == f"# test {name} failed; repeat it with: {PROGRAM} {name}" for line in lines), done.stderr


def test_repeat():
    """The command runs this test alone."""
    done = subprocess.run([PROGRAM, "a_text_differs"], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "1..1\nnot ok 1 - a_text_differs\n" and re.match(MESSAGES[1], done.stderr)
