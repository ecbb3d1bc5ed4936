# SPDX-License-Identifier: MIT
"""A machine stopped at chosen instructions, by QEMU's debugger stub: GDB's remote protocol, as much as that takes.

    with stopping(bench, "exit", at=[address, ...]) as stops:
        for where in stops: ...         the machine stands at `where`; it goes on when the loop does

Under -icount the stops are the same in every run.
"""

import re
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conftest import Conversation
from ucow.machine import Machine

ANSWER_SECONDS = 60  # a backstop for a busy host


class Stub:
    """A connection to the stub."""

    def __init__(self, connection: socket.socket):
        connection.settimeout(ANSWER_SECONDS)
        self._socket = connection
        self._unread = b""

    def _receive(self) -> str | None:
        """The next packet; None when QEMU has ended."""
        while not (packet := re.search(rb"\$([^#]*)#..", self._unread)):
            try:
                data = self._socket.recv(4096)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._unread += data
        self._unread = self._unread[packet.end():]
        self._socket.sendall(b"+")
        return packet[1].decode()

    def ask(self, command: str) -> str | None:
        """Send a command and return its answer."""
        self._socket.sendall(f"${command}#{sum(command.encode()) % 256:02x}".encode())
        return self._receive()


class Stops:
    """Iterate to let the machine run from stop to stop, until it ends."""

    def __init__(self, live, stub: Stub, at: Sequence[int]):
        self.live, self._stub, self._at = live, stub, set()
        for address in at:
            self.add(address)

    def add(self, address: int):
        """Stop there, too, from now on."""
        self._at.add(address)
        assert self._stub.ask(f"Z0,{address:x},1") == "OK", f"no breakpoint at {address:#x}"

    def registers(self) -> dict[str, int]:
        """The processor's registers by QEMU's names for them, with the selectors."""
        text = self.live.qmp.execute("human-monitor-command", **{"command-line": "info registers"})
        return registers_in(text)

    def _go_on(self, where: int | None) -> str | None:
        """Past the breakpoint the machine stands at, then on to the next."""
        if where is not None:
            self._stub.ask(f"z0,{where:x},1")
            self._stub.ask("s")
            self._stub.ask(f"Z0,{where:x},1")
        return self._stub.ask("c")

    def __iter__(self) -> Iterator[int]:
        where = None
        while (answer := self._go_on(where)) is not None and answer.startswith("T"):
            where = self.registers()["EIP"]
            assert where in self._at, f"stopped at {where:#x}: {answer}"
            yield where


def registers_in(text: str) -> dict[str, int]:
    """What QEMU's `info registers` says: E.., CR.; the selectors as ES, CS and so on."""
    found = re.findall(r"\b(E[A-Z]{2}|EFL|CR\d|[C-GS]S) ?=([0-9a-f]+)", text)
    return {name: int(value, 16) for name, value in found}


@dataclass
class Unheard(Machine):
    """A machine whose serial line leads to Live's log alone: with a socket, QEMU 7.2 hangs when it goes on."""

    def command(self, serial: str = "stdio", memory_file: Path | None = None, *disk: Path) -> list[str]:
        if memory_file and serial.startswith("chardev:"):
            serial = f"file:{memory_file.with_name('serial')}"
        return super().command(serial, memory_file, *disk)


@contextmanager
def stopping(bench, *program: str, at: Sequence[int], **machine) -> Iterator[Stops]:
    """A machine that will stop at these addresses; it has not begun. Nobody can type at it."""
    with tempfile.TemporaryDirectory(prefix="ucow-gdb-") as folder, socket.socket(socket.AF_UNIX) as connection:
        path = Path(folder, "stub")
        # Where it may not sleep, QEMU complains that there is nothing to wait for yet.
        extra = ["-S", "-icount", "shift=7,sleep=on", "-chardev", f"socket,path={path},server=on,wait=off,id=gdb",
                 "-gdb", "chardev:gdb"]
        unheard = Unheard(**vars(bench.machine(*program, extra=extra, **machine)))
        with Conversation(unheard.start(bench.build.wall_seconds), bench) as live:
            connection.connect(str(path))
            yield Stops(live, Stub(connection), at)
