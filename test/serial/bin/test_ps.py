# SPDX-License-Identifier: MIT
"""user/bin/ps.c: lists every process with its pages: private, shared, swapped out, and of the program cache."""

import re

ROW = re.compile(r"^ *(\d+) +(\d+) (\w+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) (\S+)$")


def test_from_the_shell(boot):
    """Init and the shell sleep while ps runs. The counts of each process add up to its pages."""
    with boot("sh") as live:
        live.expect("$ ")
        live.type("ps\n")
        live.expect(" ps\n")
        live.type("exit\n")
        lines = live.end().lines
    rows = {found[9]: [int(found[i]) if i != 3 else found[3] for i in range(1, 9)]
            for line in lines if (found := ROW.match(line))}
    assert [(name, *row[:3]) for name, row in rows.items()] == [
        ("idle", 0, 0, "RUNNABLE"), ("init", 1, 0, "SLEEPING"), ("sh", 2, 1, "SLEEPING"), ("ps", 3, 2, "RUNNING")]
    assert all(row[3] == sum(row[4:]) for row in rows.values())
    assert rows["init"][3:] == [0] * 5
    for name in ("sh", "ps"):
        private, shared, swapped, cache = rows[name][4:]
        assert private > 0 and cache > 0 and (shared, swapped) == (0, 0)


def test_kinds(run, build):
    """user/memory/pagekinds.c checks the counts of its own pages, and the errors of pages()."""
    out = run("pagekinds")
    out.lines.in_order("pagekinds: pages of a process that there is not = -2", "pagekinds: pages to a bad address = -3",
                       "pagekinds: pages of init = 0", "pagekinds pass.")
    if build.swap:
        out.lines.once("pagekinds: on the disk, after a page went = 1")
