# SPDX-License-Identifier: MIT
"""A client of QEMU's debugger stub: a subset of GDB's remote protocol."""

import re
import socket

ANSWER_SECONDS = 60  # generous, for a busy host


class Stub:
    """A connection to the stub."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(ANSWER_SECONDS)
        self._socket = connection
        self._unread = b""

    def _receive(self) -> str | None:
        """The next packet, or None if QEMU has ended."""
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

    def set_breakpoint(self, address: int) -> None:
        assert self.ask(f"Z0,{address:x},1") == "OK", f"no breakpoint at {address:#x}"

    def set_watchpoint(self, address: int) -> None:
        """Stop after each store of the word at an address."""
        assert self.ask(f"Z2,{address:x},4") == "OK", f"no watchpoint at {address:#x}"

    def remove_watchpoint(self, address: int) -> None:
        assert self.ask(f"z2,{address:x},4") == "OK", f"no watchpoint at {address:#x}"

    def go_on(self, where: int | None) -> str | None:
        """Continue to the next breakpoint, from the one at `where` if the machine has stopped there. Returns the stub's
        answer; None: the machine has ended."""
        if where is not None:
            self.ask(f"z0,{where:x},1")
            self.ask("s")
            self.ask(f"Z0,{where:x},1")
        return self.ask("c")
