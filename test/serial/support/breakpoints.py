# SPDX-License-Identifier: MIT
"""Stops a machine at chosen instructions through QEMU's debugger stub (a subset of GDB's remote protocol).

    with stopping(bench, "exit", at=[address, ...]) as stops:
        for where in stops: ...         the machine is stopped at `where`, and continues with the loop

Under -icount the stops are the same in every run.
"""

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path

from conftest import Conversation
from ucow.children import Scratch
from ucow.stub import Stub


class Stops:
    """Iterating runs the machine from one breakpoint to the next, until it ends."""

    def __init__(self, live, stub: Stub, at: Sequence[int]):
        self.live, self.debugger, self._at = live, stub, set()
        for address in at:
            self.add(address)

    def add(self, address: int):
        """Set another breakpoint."""
        self._at.add(address)
        self.debugger.set_breakpoint(address)

    def text(self) -> str:
        """QEMU's `info registers`."""
        return self.live.qmp.execute("human-monitor-command", **{"command-line": "info registers"})

    def registers(self) -> dict[str, int]:
        """The registers and selectors, by QEMU's names."""
        return registers_in(self.text())

    def __iter__(self) -> Iterator[int]:
        where = None
        while (answer := self.debugger.go_on(where)) is not None and answer.startswith("T"):
            where = self.registers()["EIP"]
            assert where in self._at, f"stopped at {where:#x}: {answer}"
            yield where


def registers_in(text: str) -> dict[str, int]:
    """Parse QEMU's `info registers`: E.., CR., DR7, EFER, and the selectors as ES, CS and so on."""
    found = re.findall(r"\b(E[A-Z]{2}|EFL|EFER|CR\d|DR7|[C-GS]S) ?=([0-9a-f]+)", text)
    return {name: int(value, 16) for name, value in found}


def tables_in(text: str) -> dict[str, tuple[int, ...]]:
    """The same: base and limit of GDT and IDT; selector, base and limit of LDT and TR."""
    found = re.findall(r"^(GDT|IDT|LDT|TR) ?= *((?:[0-9a-f]+ )*[0-9a-f]+)", text, re.MULTILINE)
    return {name: tuple(int(word, 16) for word in words.split()[:3]) for name, words in found}


@contextmanager
def stopping(bench, *program: str, at: Sequence[int], **machine) -> Iterator[Stops]:
    """A machine with breakpoints at these addresses, before its first instruction. It has no serial input."""
    with Scratch() as folder, socket.socket(socket.AF_UNIX) as connection:
        # With sleep=off QEMU warns that there is nothing to wait for yet.
        extra = ["-S", "-icount", "shift=7,sleep=on", "-chardev", f"socket,path=stub,server=on,wait=off,id=gdb",
                 "-gdb", "chardev:gdb"]
        with chdir(folder):  # a socket's name must be short
            started = bench.machine(*program, extra=extra, **machine).start(bench.build.wall_seconds)
        with Conversation(started, bench) as live:
            with chdir(folder):
                connection.connect("stub")
            yield Stops(live, Stub(connection), at)
