# SPDX-License-Identifier: MIT
"""user/isolation/execpages.c: strings are copied by words, but nothing after their page is read. (D14)"""


def test_lines(run):
    out = run("execpages")
    out.lines.in_order("execpages: arguments that end before a hole and arrive whole = 40",
                       *[line for n in range(1, 10) for line in (
                           f"execpages: length of {n} characters before a new page = {n}",
                           f"execpages: exec with {n} characters and a hole = -3")],
                       "execpages pass.")
