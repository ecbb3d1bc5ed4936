# SPDX-License-Identifier: MIT
"""user/linux/linuxexec.c: which system calls a program makes is decided by its file, at exec (docs/linux.md)."""

import re

import pytest
from elf_files import CODE_AT, EXIT_77, Elf, Segment

BASE = 0x08048000
LINUX_EXIT_77 = bytes.fromhex("bb4d000000" "b801000000" "cd80")  # ebx = 77; eax = 1; int 0x80
BAD = {
    "x86-64": Elf(bits=2, machine=62).file(),
    "dynamic": Elf((Segment(type=3, data=b"/lib/ld-linux.so.2\0", offset=0x2000), Segment())).file(),
    "position-independent": Elf(type=3).file(),
    "script": b"#!/bin/sh\necho never\n",
    "nothing": b"",
}


def module(tmp_path, name: str, data: bytes):
    (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name}


def test_linux_executes_ucow(run, build):
    """A program for Linux becomes one of ucow, with its arguments."""
    build.need_linux()
    out = run("linuxexec", "args", "a", "b")
    out.lines.in_order("args: argc = 3", "args pass.")
    trace = out.trace
    assert [r.shown("nr") for r in trace.of("syscall_enter")][:2] == ["linux_execve", "write"]


def test_ucow_executes_linux(run, build):
    """And the other way: the child of a program of ucow, whose exit code it sees."""
    build.need_linux()
    out = run("tryexec", "linuxstart", "linuxlife")
    out.lines.in_order("linuxstart pass.", "tryexec: linuxstart = 0", "tryexec: linuxlife = 0", "tryexec pass.")


@pytest.mark.parametrize("base, code, linux", [
    (BASE - 0x1000, EXIT_77, False), (BASE, LINUX_EXIT_77, True), (BASE + 0x1000, LINUX_EXIT_77, True),
    (CODE_AT, EXIT_77, False)])
def test_rule(run, build, tmp_path, base, code, linux):
    """The address of the lowest segment decides; without -Dlinux every program is for ucow."""
    if not build.linux and linux:
        pytest.skip("the kernel is built with -Dlinux=false")
    elf = Elf((Segment(va=base, data=code),), entry=base)
    out = run("tryexec", "rule", modules=module(tmp_path, "rule", elf.file()))
    out.lines.once("tryexec: rule = 77")


def test_rule_takes_the_lowest(run, build, tmp_path):
    """A program of ucow may have segments above 0x08048000."""
    elf = Elf((Segment(), Segment(va=0x10000000, data=b"data", offset=0x2000, flags=4)))
    out = run("tryexec", "both", modules=module(tmp_path, "both", elf.file()))
    out.lines.once("tryexec: both = 77")


@pytest.mark.parametrize("kind", BAD)
def test_bad_file(run, build, tmp_path, kind):
    """-ENOEXEC, and the caller goes on."""
    build.need_linux()
    out = run("linuxexec", "bad", modules=module(tmp_path, "bad", BAD[kind]))
    out.lines.once("linuxexec: bad = -8")


def test_no_file(run, build):
    """-ENOENT."""
    build.need_linux()
    run("linuxexec", "/usr/bin/nosuch").lines.once("linuxexec: /usr/bin/nosuch = -2")


def test_in_a_thread(run, build):
    """-ENOSYS for a thread that is not its process's first (docs/linux.md)."""
    build.need_linux()
    run("linuxexec", "thread", "args").lines.once("linuxexec: args = -38")


def test_ps_shows_it(run, build):
    """ps marks the processes that make the calls of Linux."""
    build.need_linux()
    lines = run("linuxexec", "fork", "ps").lines
    lines.once(re.compile(r" linuxexec \(linux\)$"))
    for name in ("init", "ps"):
        lines.once(re.compile(rf"^ +\d.* {name}$"))
