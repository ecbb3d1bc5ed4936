# SPDX-License-Identifier: MIT
"""user/memory/memedges.c: brk, mmap and munmap at their edges do what Linux does.

D12, D72: holes, overlaps and the ends of user space. The same program, compiled for the Linux that builds
us, is the unit suite's `memedges-linux`; here its lines are compared with those of ucow.
"""

import re
import subprocess

import pytest

OURS = re.compile("^memedges: (?!a difference:|differs,)")
DIFFERENCES = 3


def rows(lines):
    """What the calls came to, but for those that are said to differ."""
    return [line for line in lines if OURS.match(line)]


def test_as_on_linux(run, build):
    """Row by row the result and the pages afterwards are the same; three calls differ, each with its reason."""
    linux = build.folder / "test/unit/linux_memedges"
    if not linux.is_file():
        pytest.skip("memedges was not compiled for this machine, which is no x86-64 Linux or has no compiler")
    expected = subprocess.run([linux], capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()
    lines = run("memedges", cmdline="trace_kib=512").lines
    lines.once("memedges pass.")
    assert rows(lines) == rows(expected) and len(rows(expected)) > 100
    for text in (lines, expected):
        assert len([line for line in text if line.startswith("memedges: a difference: ")]) == DIFFERENCES
