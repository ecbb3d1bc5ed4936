# SPDX-License-Identifier: MIT
"""user/console/halfline.c: an unfinished line is not continued by a later process with the same pid. (D96)
What the kernel prints for a process follows the line that it has begun."""

import re


def test_each_process_has_its_own_line(run):
    out = run("halfline", cmdline="max_procs=16")
    out.lines.in_order("before its pages", "-------------------- BEGIN --------------------", "before its trap",
                       re.compile("^trapframe at "), "half a line", "a whole line", "halfline pass.")
