# SPDX-License-Identifier: MIT
"""user/bin/free.c: what the machine's memory is used for, and with -l what the kernel's ledger counts.

D29: the kernel's own objects are accounts, too.
"""

import re

OWNERS = ["free", "user memory", "shared user memory", "the program cache", "page tables", "kernel stacks", "the heap",
          "other kernel uses"]


def table(lines) -> dict[str, list[int]]:
    """The rows of numbers, by what stands before them."""
    rows = (re.fullmatch(r"(\S.*?)  +(\d+) +(\d+)", line) for line in lines)
    return {row[1]: [int(row[2]), int(row[3])] for row in rows if row}


def test_from_the_shell(boot):
    """A row for each owner, which together are all there is; the ledger only when asked for."""
    with boot("sh") as live:
        live.expect("$ ")
        for line in ("free", "free -l", "free -x"):
            live.type(f"{line}\n")
            live.expect("$ ")
        live.type("exit\n")
        out = live.end()
    text = out.lines.text.split("$ ")
    short, long, wrong = (table(part.split("\n")) for part in text[1:4])
    assert set(OWNERS) < set(short) and sum(short[owner][0] for owner in OWNERS) == short["total"][0]
    assert all(kib == 4 * short[owner][0] for owner, kib in ((owner, short[owner][1]) for owner in OWNERS))
    assert not [name for name in short if name.startswith("heap objects")]
    assert set(short) < set(long) and not wrong
    assert long["pids"] == [3, 1]  # init, the shell and free; init alone
    assert long["heap objects of proc"] == [3, 1]
    assert "free: the memory; free -l: with the kernel's ledger" in text[3]
