# SPDX-License-Identifier: MIT
"""user/lab5/pgdir.c: the kernel prints the caller's page table in the format of the lab. (D18)"""

import re
from dataclasses import dataclass

BEGIN = "-------------------- BEGIN --------------------"
END = "--------------------- END ---------------------"
RUN = re.compile(r"(?P<kind>PDE\((?P<tables>[0-9a-f]{3})\)|  \|-- PTE\((?P<pages>[0-9a-f]{5})\)) "
                 r"(?P<start>[0-9a-f]{8})-(?P<end>[0-9a-f]{8}) (?P<size>[0-9a-f]{8}) (?P<rights>[u-]r[w-])")
TABLE_BYTES, PAGE_BYTES = 4 << 20, 4096
USERBASE, USERTOP, SHADOW, KERNBASE = 0x00200000, 0xB0000000, 0xB8000000, 0xC0000000
USER_TEXT, STACK_PAGE = 0x00800000, USERTOP - PAGE_BYTES


@dataclass(frozen=True)
class Run:
    """One line: `count` entries of one level with equal rights."""
    directory: bool
    count: int
    start: int
    end: int
    size: int
    rights: str


def parse(line: str) -> Run:
    match = RUN.fullmatch(line)
    assert match, f"not a line of print_pgdir: {line!r}"
    directory = match["kind"].startswith("PDE")
    start, end, size = (int(match[name], 16) for name in ("start", "end", "size"))
    return Run(directory, int(match["tables"] or match["pages"], 16), start, end or 1 << 32, size, match["rights"])


def runs_of(out):
    """The runs between the BEGIN and END lines; every line there must be one."""
    lines = out.lines.lines
    begin, end = lines.index(BEGIN), lines.index(END)
    assert lines[begin - 1:begin] == ["I am 2, print pgdir."] and lines[end + 1] == "pgdir pass."
    return [parse(line) for line in lines[begin + 1:end]]


def test_lines(run):
    out = run("pgdir")
    out.lines.in_order("I am 2, print pgdir.", BEGIN, END, "pgdir pass.")
    assert [out.lines.count(line) for line in (BEGIN, END)] == [1, 1]


def test_numbers_agree(run):
    """In each line, count, start, end and size agree."""
    for each in runs_of(run("pgdir")):
        assert each.size == each.end - each.start == each.count * (TABLE_BYTES if each.directory else PAGE_BYTES)


def test_runs_are_sorted_and_nested(run):
    """PTE runs lie inside their PDE run, in order and without overlap, and adjacent runs have different rights."""
    tables = last = None
    for each in runs_of(run("pgdir")):
        if each.directory:
            assert tables is None or tables.end < each.start or tables.rights != each.rights
            tables, last = each, None
            continue
        assert tables.start <= each.start and each.end <= tables.end
        assert last is None or last.end < each.start or (last.end == each.start and last.rights != each.rights)
        last = each


def test_rights(run, build):
    """User pages are below USERTOP, kernel pages above KERNBASE; only kasan's shadow is between them."""
    kernel = SHADOW if build.kasan else KERNBASE
    for each in runs_of(run("pgdir")):
        assert each.rights[0] == ("u" if each.start < USERTOP else "-")
        assert USERBASE <= each.start and (each.end <= USERTOP or each.start >= kernel)


def test_program_is_there(run):
    """The program's text is read-only, the used page of its stack is writable."""
    pages = [each for each in runs_of(run("pgdir")) if not each.directory]
    assert any(each.start <= USER_TEXT < each.end and each.rights == "ur-" for each in pages)
    assert any(each.start <= STACK_PAGE < each.end and each.rights == "urw" for each in pages)
