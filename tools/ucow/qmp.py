# SPDX-License-Identifier: MIT
"""A small client of QEMU's machine protocol (QMP): one command at a time, events are passed over.

QMP is JSON objects, one a line: QEMU greets, the client asks for capabilities, then every command
has one answer, `return` or `error`; events may come in between.
"""

import json
import os
import re
import socket
from pathlib import Path
from typing import Any

from . import LabError
from .children import Scratch

ANSWER_SECONDS = 60  # a backstop for a busy host


class Qmp:
    """A connection to one QEMU, over a connected stream socket that it takes over."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(ANSWER_SECONDS)
        self._socket = connection
        self._lines = connection.makefile("r", encoding="utf-8")
        if "QMP" not in self._receive():
            raise LabError("the other end of the socket does not speak QMP; "
                           "start QEMU with -qmp unix:PATH,server=on,wait=off")
        self.execute("qmp_capabilities")

    @classmethod
    def connect(cls, path: str) -> "Qmp":
        """Connect to the Unix socket at `path`, by a short name of its folder: the kernel takes 107 bytes."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder, name = os.path.split(path)
        try:
            number = os.open(folder or ".", os.O_PATH)
            try:
                connection.connect(f"/proc/self/fd/{number}/{name}")
            finally:
                os.close(number)
        except OSError as error:
            raise LabError(f"{path}: {error.strerror or error}; "
                           f"is a QEMU running with -qmp unix:{path},server=on,wait=off?") from None
        return cls(connection)

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise LabError(f"QEMU gave no answer over QMP within {ANSWER_SECONDS} s") from None
        except ConnectionResetError:
            line = ""
        if not line:
            raise LabError("QEMU closed the QMP connection: the machine has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def execute(self, command: str, **arguments: Any) -> Any:
        """Run one QMP command and return its result."""
        request = {"execute": command, "arguments": arguments}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = self._receive()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise LabError(f"QEMU refused {command}: {answer['error']['desc']}")

    def stop(self) -> None:
        """Freeze the machine."""
        self.execute("stop")

    def cont(self) -> None:
        """Let a frozen machine go on."""
        self.execute("cont")

    def registers(self) -> dict[str, int]:
        """The registers of the CPU that have 32 bits, by names such as eip."""
        text = self.execute("human-monitor-command", **{"command-line": "info registers"})
        return {name.lower(): int(value, 16) for name, value in re.findall(r"\b(E[A-Z]{2})=([0-9a-f]{8})", text)}

    def read_memory(self, address: int, size: int) -> bytes:
        """`size` bytes of physical memory at `address`."""
        with Scratch() as folder:
            path = Path(folder, "memory").resolve()
            self.execute("pmemsave", val=address, size=size, filename=str(path))
            return path.read_bytes()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()
