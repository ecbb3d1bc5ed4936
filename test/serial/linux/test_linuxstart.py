# SPDX-License-Identifier: MIT
"""user/linux/linuxstart.c: the first stack of a program for Linux, with environment and auxiliary vector."""

import re

import pytest
from first_stack import assert_linux_stack


def test_linuxstart(run, build):
    """The program executes itself: its vector's last slash ends the folder, which the boot archive does not have."""
    build.need_linux()
    out = run("linuxstart")
    out.lines.in_order("linuxstart: 1 arguments, 0 of the environment", "linuxstart: 3 arguments, 2 of the environment",
                       "linuxstart pass.")
    calls = [record.shown("nr") for record in out.trace.of("syscall_enter")]
    lines = out.lines.all(re.compile("^linuxstart: stack "))
    assert calls == ["linux_write", "linux_execve", *["linux_write"] * (2 + len(lines)), "linux_exit_group"]


def test_bytes_of_the_stack(run, build):
    """Strings, pointers and vector, compared byte by byte; the random bytes are random."""
    build.need_linux()
    lines = run("linuxstart").lines
    assert_linux_stack(lines, "linuxstart", build.folder / "user/linuxstart", ["linuxstart", "first", ""],
                       ["HOME=/", "EMPTY="])


@pytest.mark.parametrize("memory", ["4M", "128M"])
def test_small_machine(run, build, memory):
    """It needs no more memory than programs of ucow."""
    build.need_linux()
    run("linuxstart", memory=build.room(memory)).lines.once("linuxstart pass.")
