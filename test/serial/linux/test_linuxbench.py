# SPDX-License-Identifier: MIT
"""user/linux/linuxbench.c: what a program for Linux costs, and the machine in which Linux runs it."""

import re

import pytest
from ucow.linux_bench import HEAD, PAGE, PROGRAM, READERS, TITLES, initial_files, renewed


def test_rows(run, build):
    """Every row is measured, on a machine that does not count instructions, too."""
    build.need_linux()
    lines = run(PROGRAM, cmdline="trace=off").lines
    rows = [re.match(r"bench: (\S+) = \d+$", line) for line in lines]
    assert {row[1] for row in rows if row} == set(TITLES)
    lines.once(f"{PROGRAM} pass.")


def test_files_of_linux():
    """The archive has the program twice, and the console as a device: 5, 1."""
    files = initial_files(b"ELF!")
    names = [b"dev", b"dev/console", b"init", b"linuxbench", b"TRAILER!!!"]
    assert files.count(b"ELF!") == 2
    at = 0
    for name in names:
        assert files[at:at + 6] == b"070701" and files[at + 110:at + 110 + len(name) + 1] == name + b"\0"
        if name == b"dev/console":
            assert files[at + 14:at + 22] == b"00002180" and files[at + 78:at + 94] == b"0000000500000001"
        length = -(-(110 + len(name) + 1) // 4) * 4
        size = int(files[at + 54:at + 62], 16)
        at += length + -(-size // 4) * 4
    assert at == len(files)


def test_the_page_has_the_rows():
    """docs/reports/linux_costs.md is what a run wrote."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    assert re.findall(r"^\| (.*?) \| [\d,]+ \|", text, re.MULTILINE) == list(TITLES.values())


@pytest.mark.parametrize("reader", READERS, ids=["English", "Chinese"])
def test_the_readme_has_rows_of_the_page(reader):
    """The README shows some rows as they are on the page, and `tools/bench --linux` renews them."""
    table = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    text = reader.read_text(encoding="utf-8")
    assert table[0] in text and sum(line in table[2:] for line in text.splitlines()) >= 4
    assert renewed(text, table) == text
    later = [line.replace("| ucow |", "| ucow 2 |").replace(",", ".") for line in table]
    assert later[0] in renewed(text, later) and renewed(renewed(text, later), table) == text
