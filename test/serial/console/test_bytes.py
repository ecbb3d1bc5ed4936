# SPDX-License-Identifier: MIT
"""user/console/bytes.c: what a program writes arrives byte by byte, and each newline as carriage return and newline.

D55: nothing is lost, changed or printed twice at the edges of the buffers. The other tests read lines, and cannot see
carriage returns.
"""

BANNER = b'kernel_execve: pid = 2, name = "%s".\n'
CLOSING = b"all user-mode processes have quit.\ninit check memory pass.\n"
BUFFER = 256


def printed(bench, program: str) -> bytes:
    """What arrived on the serial line, and follows the newline before the program's first line."""
    bench.run(program)
    raw = bench.runs[-1].memory_file.with_name("serial").read_bytes()
    start = raw.index(BANNER[:14])
    boot = raw[:start]
    assert boot.endswith(b"\r\n") and boot.count(b"\r") == boot.count(b"\n") == boot.count(b"\r\n")
    return raw[start:]


def on_the_line(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def test_a_whole_run(bench):
    """hello, from the first line about it to the last."""
    lines = b"Hello world!!.\nI am process 2.\nhello pass.\n"
    assert printed(bench, "hello") == on_the_line(BANNER % b"hello" + lines + CLOSING)


def test_every_byte(bench):
    """All 256, by write() and by putc(); lines a byte shorter than a buffer, as long, and a byte longer."""
    every = bytes(range(256))
    lines = b"".join(2 * (b"w" * n + b"\n") for n in (BUFFER - 1, BUFFER, BUFFER + 1))
    rest = b"\r\n\n\tbytes pass.\nno newline\n"
    assert printed(bench, "bytes") == on_the_line(BANNER % b"bytes" + every + every + lines + rest + CLOSING)
