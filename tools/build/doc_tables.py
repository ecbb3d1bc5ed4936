#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the tables of docs/ that are made from the sources: system calls, errors, options, trace events."""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from ucow import enums  # noqa: E402

C_TYPES = {"INT": "int", "UINT": "unsigned", "ADDR": "uintptr_t", "PTR": "void *", "STR": "const char *"}

SYSCALL = re.compile(r'^SYSCALL\d\((\d+), (\w+),(.*)"(.*)"\)$', re.MULTILINE)
ERROR = re.compile(r'X\((E_\w+), (\d+), "([^"]*)"\)')
OPTION = re.compile(r"^option\('(\w+)', type: '(\w+)',(?: choices: \[([^\]]*)\],)? value: ([^,]+),\s+"
                    r"description: '([^']*)'\)", re.MULTILINE)
EVENT = re.compile(r'^EVENT\((\d+), (\w+), "([^"]*)"\)$', re.MULTILINE)


def source(path: str) -> str:
    """The text of a file of the tree."""
    return (ROOT / path).read_text(encoding="utf-8")


def table(*head: str) -> Iterator[str]:
    """The first two lines of a table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)


def prototype(name: str, arguments: str) -> str:
    """A system call as C declares it."""
    words = [word.strip() for word in arguments.split(",") if word.strip()]
    pairs = [f"{C_TYPES[kind]} {argument}".replace("* ", "*") for kind, argument in zip(words[::2], words[1::2])]
    return f"`{name}({', '.join(pairs)})`"


def syscalls() -> Iterator[str]:
    yield "# System calls\n"
    yield "`int $0x80`: the number in eax, arguments in edx, ecx, ebx, edi, esi; the result in eax, errors negative."
    yield "Made by `tools/build/doc_tables.py` from `include/ucow/syscalls.def` and `include/ucow/errno.h`.\n"
    yield from table("n", "call", "result")
    for number, name, arguments, result in SYSCALL.findall(source("include/ucow/syscalls.def")):
        yield f"| {number} | {prototype(name, arguments)} | {result} |"
    yield "\n## Errors\n"
    yield from table("n", "name", "text")
    for name, number, text in ERROR.findall(source("include/ucow/errno.h")):
        yield f"| {number} | `{name}` | {text} |"


def options() -> Iterator[str]:
    yield "# Build options\n"
    yield "Set with `meson configure build -Dname=value`. Made by `tools/build/doc_tables.py` from `meson_options.txt`.\n"
    yield from table("option", "choices (default first)", "what it is")
    for name, kind, choices, value, text in OPTION.findall(source("meson_options.txt")):
        default = value.strip("'")
        others = re.findall(r"'(\w+)'", choices) if kind == "combo" else ["true", "false"]
        shown = ", ".join([default] + [other for other in others if other != default])
        yield f"| `{name}` | {shown} | {text} |"


def trace() -> Iterator[str]:
    yield "# Events of the trace\n"
    yield "Each record has the time stamp counter since boot, printed as `t`, the pid that ran, printed as `running`, and"
    yield "these fields. Under QEMU's `-icount` a count is a nanosecond of virtual time, and a tick is 10,000,000 counts."
    yield "Made by `tools/build/doc_tables.py` from `include/ucow/trace.def` and `include/ucow/enums.def`.\n"
    text = source("include/ucow/trace.def")
    yield from table("n", "event", "fields")
    for number, name, fields in EVENT.findall(text):
        yield f"| {number} | `{name}` | {fields} |"
    yield "\n`eip` is where the program continues. `map` is a region of the running process: its flags are those of `kernel/mm/vma.h`,"
    yield "its object is 0 for memory that starts as zeros. `page` is a page-table entry of it. After `exec` come the regions and the"
    yield "stack's entries of the new program; before a `fault` that enters a page comes its entry. With these, `page_copy`, `evict`"
    yield "and the sharing at a fork, a reader can follow every page of a process. An event of less than five fields has, besides, how many"
    yield "frames of the machine are free, which the export for Perfetto draws."
    yield "\nA suffix says how a field is printed: `:d` signed, `:x` hexadecimal, `:text` as characters, the others by name:\n"
    yield from table("suffix", "names, from 0")
    for name in enums.enumerations():
        yield f"| `:{name}` | {' '.join(enums.names(name))} |"
    yield "| `:syscall` | by number, see [the system calls](syscalls.md) |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if one of them is out of date")
    check = parser.parse_args().check
    stale = []
    for path, lines in (("docs/syscalls.md", syscalls), ("docs/options.md", options), ("docs/trace.md", trace)):
        text = "\n".join(lines()) + "\n"
        if check and (not (ROOT / path).exists() or source(path) != text):
            stale.append(f"{path} is out of date: run tools/build/doc_tables.py")
        elif not check:
            (ROOT / path).write_text(text, encoding="utf-8")
    sys.exit("\n".join(stale) or None)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"tools/build/doc_tables.py: {error.filename}: {error.strerror}")
