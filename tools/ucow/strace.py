# SPDX-License-Identifier: MIT
"""System calls as strace prints them, from the events of a machine that runs.

A call is printed when it returns, or when it is known not to. Arguments have the names and kinds of
include/ucow/syscalls.def, or linux.def in a program for Linux; a record holds the first three. What a pointer points to
is not in the trace.
"""

import errno
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .trace import Record

INCLUDE = Path(__file__).resolve().parents[2] / "include/ucow"
CALL = re.compile(r'^(?:SYSCALL|LINUX)\d\(\d+, (\w+)((?:, \w+, \w+)*), "', re.MULTILINE)
ERROR = re.compile(r"X\((E_\w+), (\d+),")
RECORDED = 3
ADDRESSES = {"PTR", "ADDR", "STR"}
LINUX = "linux_"  # begins the names of Linux's calls in the trace
RETURN_ADDRESSES = {"brk", "mmap", "linux_brk", "linux_mmap", "linux_mmap2"}


@cache
def parameters() -> dict[str, list[tuple[str, str]]]:
    """Kind and name of the parameters of each call."""
    found = {}
    for prefix, file in (("", "syscalls.def"), (LINUX, "linux.def")):
        for name, words in CALL.findall((INCLUDE / file).read_text(encoding="utf-8")):
            listed = words.split(", ")[1:]
            found[prefix + name] = list(zip(listed[::2], listed[1::2]))
    return found


@cache
def errors() -> dict[int, str]:
    """The names of ucow's own errors, by result."""
    return {-int(number): name for name, number in ERROR.findall((INCLUDE / "errno.h").read_text(encoding="utf-8"))}


def value(kind: str, raw: int) -> str:
    """An argument as its kind is read."""
    if kind in ADDRESSES:
        return "NULL" if raw == 0 else f"{raw:#010x}"
    return str(raw - (1 << 32) if kind == "INT" and raw >> 31 else raw)


def arguments(enter: Record) -> dict[str, str]:
    """The recorded arguments of an event syscall_enter, by their names."""
    return {name: value(kind, enter[f"arg{i}"]) for i, (kind, name) in enumerate(parameters().get(enter.shown("nr"), [])[:RECORDED])}


def call_text(enter: Record) -> str:
    """`name(argument=value, ...)` of an event syscall_enter."""
    name = enter.shown("nr")
    words = [f"{parameter}={word}" for parameter, word in arguments(enter).items()]
    return f"{name}({', '.join(words + ['...'] * (len(parameters().get(name, [])) > RECORDED))})"


def error_of(name: str, result: int) -> str | None:
    """The name of the error that a call returned."""
    if result >= 0:
        return None
    return errno.errorcode.get(-result) if name.startswith(LINUX) else errors().get(result)


def result_text(name: str, result: int) -> str:
    """The result of a call, with the name of an error."""
    if error := error_of(name, result):
        return f"{result} {error}"
    return f"{result & 0xFFFFFFFF:#010x}" if name in RETURN_ADDRESSES else str(result)


class Strace:
    """Turns events into lines, of the process `pid` or, without one, of all."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        self._calls: dict[int, Record] = {}

    def lines(self, record: Record) -> Iterator[str]:
        """The lines that an event completes."""
        pid = record.cpu_pid
        if self.pid not in (None, pid):
            return
        prefix = "" if self.pid else f"[pid {pid}] "
        if record.name == "syscall_enter":
            self._calls[pid] = record
        elif record.name == "syscall_leave":
            text = call_text(self._calls.pop(pid)) if pid in self._calls else f"{record.shown('nr')}(...)"
            yield f"{prefix}{text} = {result_text(record.shown('nr'), record['result'])}"
        elif record.name == "exec":
            text = f"{call_text(self._calls.pop(pid))} " if pid in self._calls else ""
            yield f'{prefix}{text}starts program "{record.shown("name")}"'
        elif record.name == "exit":
            if pid in self._calls:
                yield f"{prefix}{call_text(self._calls.pop(pid))} does not return"
            yield f"{prefix}+++ ended with {record['code']} ({record.shown('reason')}) +++"
