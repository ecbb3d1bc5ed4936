# SPDX-License-Identifier: MIT
"""user/bin/free.c: how memory is used, and with -l the accounts of the kernel's ledger.

D29: kernel objects have accounts, too.
"""

import re

OWNERS = ["free", "user memory", "shared user memory", "the program cache", "page tables", "kernel stacks", "the heap",
          "other kernel uses"]


def table(lines) -> dict[str, list[int]]:
    """The numbers of each row, by the row's name."""
    rows = (re.fullmatch(r"(\S.*?)  +(\d+) +(\d+)", line) for line in lines)
    return {row[1]: [int(row[2]), int(row[3])] for row in rows if row}


def test_from_the_shell(boot):
    """There is a row for each owner, and they add up to the total; -l adds the ledger."""
    with boot("sh") as live:
        live.expect("$ ")
        for line in ("free", "free -l", "free -x"):
            live.type(f"{line}\n")
            live.expect("$ ")
        live.type("exit 0\n")  # the last command failed
        out = live.end()
    text = out.lines.text.split("$ ")
    short, long, wrong = (table(part.split("\n")) for part in text[1:4])
    assert set(OWNERS) < set(short) and sum(short[owner][0] for owner in OWNERS) == short["total"][0]
    assert all(kib == 4 * short[owner][0] for owner, kib in ((owner, short[owner][1]) for owner in OWNERS))
    assert not [name for name in short if name.startswith("heap objects")]
    assert set(short) < set(long) and not wrong
    assert long["pids"] == [3, 1]  # init, the shell and free; init alone
    assert long["heap objects of proc"] == [3, 1]
    order = list(long)
    assert order.index("pids") < order.index("program images"), "accounts are shown in the order in which they were opened"
    assert "free: the memory; free -l: with the kernel's ledger" in text[3]
