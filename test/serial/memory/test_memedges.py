# SPDX-License-Identifier: MIT
"""user/memory/memedges.c: brk, mmap and munmap do in edge cases what Linux does.

D12, D72: holes, overlaps and the ends of user space. The same program, compiled for the Linux of the build machine,
is the unit test `memedges-linux`; this test compares its output with ucow's.
"""

import re
import subprocess

import pytest

OURS = re.compile("^memedges: (?!a difference:|differs,)")
DIFFERENCES = 2


def rows(lines):
    """The rows of the output, without those that may differ."""
    return [line for line in lines if OURS.match(line)]


def test_as_on_linux(run, build):
    """All results and pages are as on Linux, except two calls that differ for a stated reason."""
    linux = build.folder / "test/unit/linux_memedges"
    if not linux.is_file():
        pytest.skip("memedges was not compiled for this machine, which is no x86-64 Linux or has no compiler")
    expected = subprocess.run([linux], capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()
    lines = run("memedges", cmdline="trace_kib=1024").lines
    lines.once("memedges pass.")
    assert rows(lines) == rows(expected) and len(rows(expected)) > 100
    for text in (lines, expected):
        assert len([line for line in text if line.startswith("memedges: a difference: ")]) == DIFFERENCES
