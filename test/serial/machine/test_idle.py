# SPDX-License-Identifier: MIT
"""With nothing to do the processor halts. (D52)

The shell waits for input that never comes, so only a tick every 10 ms is left.
"""

import re

from elf_files import one

LOOKS = 40


def is_halted(live):
    """Stop the machine, check whether its processor is halted, and continue it."""
    live.qmp.stop()
    registers = live.qmp.execute("human-monitor-command", **{"command-line": "info registers"})
    live.qmp.cont()
    return re.search(r"HLT=(\d)", registers)[1] == "1"


def test_processor_is_halted(boot):
    """A processor that polled would be found running each time."""
    with boot("sh") as live:
        live.expect("$ ")
        assert any(is_halted(live) for _ in range(LOOKS))
        live.type("exit\n")
        live.end()


def test_busy_processor_is_not_halted(boot, tmp_path):
    """The same check of a program that only loops: it can fail."""
    loop = tmp_path / "loop"
    loop.write_bytes(one(data=b"\xeb\xfe").file())  # jmp to itself
    with boot("loop", modules={"loop": loop}) as live:
        live.expect('name = "loop".')
        assert not any(is_halted(live) for _ in range(LOOKS))
