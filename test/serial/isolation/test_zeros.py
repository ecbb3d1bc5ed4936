# SPDX-License-Identifier: MIT
"""user/isolation/zeros.c: new memory is zero, even after other processes have written to it.

D15: stack, bss and mappings. D16: the bytes beside the segments in their pages. D71: the heap. The machine has
little memory, so that new pages were written to before.
"""

import pytest
from calls import FIRST

MEMORY = "24M"
PLACES = ["before the text", "behind the constants", "behind bss", "in bss", "in the stack", "in the heap",
          "in a mapping", "in a shared mapping"]
PAGE = 4096


@pytest.mark.parametrize("memory", [MEMORY, "128M"])
def test_lines(run, build, memory):
    out = run("zeros", memory=build.room(memory), cmdline="trace_kib=1024")
    for child in range(4):
        out.lines.once(f"zeros: exit code of dirty child {child} = 0")
    out.lines.in_order(*[f"zeros: stale {place} = 0" for place in PLACES], "zeros pass.")


def test_memory_was_used_before(run, build):
    """The children together filled more pages than the machine has, so that pages were reused."""
    trace = run("zeros", memory=build.room(MEMORY), cmdline="trace_kib=1024").trace
    filled = len([fault for fault in trace.all("fault outcome=fill") if fault.pid != FIRST])
    assert filled > trace.one("boot").frames
