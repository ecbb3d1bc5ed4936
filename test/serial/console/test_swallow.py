# SPDX-License-Identifier: MIT
"""user/console/swallow.c: all input arrives, however much and fast it comes. (D102)"""

import pytest


def checksum(data: bytes) -> int:
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return total


@pytest.mark.parametrize("n", [400, 1 << 16], ids=["more than the buffer", "64 KiB"])
def test_everything_arrives(boot, n):
    data = bytes(b"0123456789abcdefghijklmnopqrstuvwxyz\n"[i % 37] for i in range(n))
    with boot("swallow", str(n), cmdline="trace=off") as live:  # each byte is an interrupt, and more than one event
        live.expect("bytes, please\n")
        live.type(data.decode())
        live.expect(f"swallow: {n} bytes, sum 0x{checksum(data):08x}\n")
        live.end().lines.once("swallow pass.")
