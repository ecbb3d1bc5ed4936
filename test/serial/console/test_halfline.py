# SPDX-License-Identifier: MIT
"""user/console/halfline.c: an unfinished line is not continued by a later process with the same pid. (D96)"""


def test_each_process_has_its_own_line(run):
    out = run("halfline", cmdline="max_procs=16")
    out.lines.in_order("half a line", "a whole line", "halfline pass.")
