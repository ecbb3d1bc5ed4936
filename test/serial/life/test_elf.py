# SPDX-License-Identifier: MIT
"""ELF files with one error each, and some that only look wrong, as boot modules.

user/life/tryexec.c executes each in a child. exec refuses a malformed file with -8, the child survives (D41, D43),
and nothing leaks (D85). D39: a segment without bytes in the file is mapped. D40: offsets, sizes and counts are
checked against the file without overflow. D42: overlapping segments are refused, unordered ones accepted.
"""

import pytest
from calls import FIRST
from elf_files import (CODE_AT, CODE_OFFSET, EXIT_77, GOOD, HEADER, INTERP, NOTE, SEGMENT, R, W, X, Elf, Segment,
                   exit_77_after_bss, exit_with_word, one, two)

INVALID, KILLED = -8, -9
FAR = 0x900000
WORDS = (GOOD).to_bytes(4, "little") + bytes(4)
USERBASE, USERTOP = 0x200000, 0xB0000000
WRAPS = 0xFFFFFFFF

GOOD_FILES = {
    "plain": Elf(),
    "bss-only-segment": two(exit_77_after_bss(FAR + 0x1FFC), va=FAR, data=b"", filesz=0, memsz=0x2000, flags=R | W),
    "data-in-its-own-page": two(exit_with_word(FAR), va=FAR, data=WORDS, offset=0x2000, flags=R | W),
    "bss-behind-data": two(exit_with_word(FAR), va=FAR, data=WORDS[:4], offset=0x2000, memsz=0x3000, flags=R | W),
    "two-segments-in-one-page": two(exit_with_word(CODE_AT + 0x100), va=CODE_AT + 0x100, data=WORDS, offset=0x1100,
                                    flags=R | W),
    "unordered": Elf((Segment(va=FAR, data=WORDS, offset=0x2000, flags=R | W), Segment(data=exit_with_word(FAR)))),
    "at-the-bottom": Elf((Segment(va=USERBASE),), entry=USERBASE),
    "no-alignment": one(align=0),
    "a-note-too": two(type=NOTE, data=b"", offset=0xFFFF0000, filesz=0x1000),
    "empty-segment": two(va=0, data=b"", filesz=0, memsz=0),
    "larger-header": Elf(phoff=HEADER.size, ehsize=64),
}

BROKEN_FILES = {
    "nothing": Elf(end=0),
    "half-a-header": Elf(end=HEADER.size // 2),
    "header-only": Elf(end=HEADER.size),
    "half-a-program-header": Elf(end=HEADER.size + SEGMENT.size // 2),
    "file-ends-before-segment": Elf(end=CODE_OFFSET),
    "file-ends-in-segment": Elf(end=CODE_OFFSET + len(EXIT_77) - 1),
    "magic": Elf(magic=b"\x7fELG"),
    "class-64": Elf(bits=2),
    "class-0": Elf(bits=0),
    "big-endian": Elf(order=2),
    "ident-version": Elf(ident_version=2),
    "relocatable": Elf(type=1),
    "shared-object": Elf(type=3),
    "machine-x86-64": Elf(machine=62),
    "version": Elf(version=0),
    "header-size": Elf(ehsize=HEADER.size - 1),
    "program-header-size": Elf(phentsize=SEGMENT.size - 8),
    "program-header-size-0": Elf(phentsize=0),
    "phoff-behind-the-file": Elf(phoff=0x100000),
    "phoff-wraps": Elf(phoff=WRAPS - SEGMENT.size + 1),
    "phnum-65535": Elf(phnum=65535),
    "no-segment": Elf(phnum=0),
    "entry-0": Elf(entry=0),
    "entry-before-the-segment": Elf(entry=CODE_AT - 1),
    "entry-behind-the-segment": Elf(entry=CODE_AT + len(EXIT_77)),
    "entry-in-the-kernel": Elf(entry=0xC0100000),
    "entry-not-executable": one(flags=R),
    "filesz-above-memsz": one(memsz=1),
    "offset-behind-the-file": one(offset=0x10000000, data=b"", filesz=16),
    "offset-wraps": one(offset=WRAPS - 0xFFF, data=b"", filesz=0x2000),
    "filesz-wraps": one(filesz=WRAPS, memsz=WRAPS),
    "memsz-wraps": one(memsz=WRAPS - CODE_AT + 2),
    "memsz-to-the-stack": one(memsz=USERTOP - 0x100000 - CODE_AT),
    "in-the-kernel": Elf((Segment(va=0xC0200000),), entry=0xC0200000),
    "crossing-the-top": two(va=USERTOP - 0x1000, data=b"", filesz=0, memsz=0x2000, flags=R | W),
    "on-the-stack": two(va=USERTOP - 0x2000, data=b"", filesz=0, memsz=0x1000, flags=R | W),
    "below-user-space": two(va=USERBASE - 0x1000, data=b"", filesz=0, memsz=0x1000, flags=R),
    "crossing-the-bottom": two(va=USERBASE - 0x1000, data=b"", filesz=0, memsz=0x2000, flags=R),
    "at-0": Elf((Segment(va=0),), entry=0),
    "overlap": two(va=CODE_AT + 4, data=b"", offset=0x1004, filesz=4, flags=R | W),
    "the-same-twice": Elf((Segment(), Segment())),
    "overlap-unordered": two(va=CODE_AT - 0x1000, data=b"", offset=0, filesz=0, memsz=0x1001),
    "overlap-by-bss": Elf((Segment(va=CODE_AT - 0x1000, data=b"", offset=0, filesz=0, memsz=0x1001), Segment())),
    "alignment-3": one(align=3),
    "alignment-off": one(va=CODE_AT + 8, align=0x1000),
    "interpreter": two(type=INTERP),
    "too-many-segments": Elf(tuple(Segment(va=CODE_AT + 0x1000 * i, flags=R | X) for i in range(40))),
}
# What a program does not get: a page after its segments.
DEADLY_FILES = {
    "after-the-last": two(exit_with_word(FAR + 0x1000), va=FAR, data=WORDS, offset=0x2000, flags=R | W),
}
FILES = GOOD_FILES | DEADLY_FILES | BROKEN_FILES
AT_ONCE = 15  # the kernel accepts 16 modules
PORTIONS = [list(FILES)[i:i + AT_ONCE] for i in range(0, len(FILES), AT_ONCE)]


def tryexec(run, folder, names):
    """Boot with those files as modules and execute each."""
    modules = {name: folder / name for name in names}
    for name, path in modules.items():
        path.write_bytes(FILES[name].file())
    return run("tryexec", *names, modules=modules)


@pytest.mark.parametrize("names", PORTIONS, ids=lambda names: f"{names[0]}...{names[-1]}")
def test_files(run, tmp_path, names):
    out = tryexec(run, tmp_path, names)
    wanted = {name: GOOD if name in GOOD_FILES else KILLED if name in DEADLY_FILES else INVALID for name in names}
    seen = {words[0]: int(words[1]) for line in out.lines if line.startswith("tryexec: ")
            for words in [line.removeprefix("tryexec: ").split(" = ")]}
    assert seen == wanted
    out.lines.once("tryexec pass.")


def test_nothing_happens_before_the_checks(run, tmp_path):
    """A refused file changes nothing: the child exits as the program it was."""
    trace = tryexec(run, tmp_path, list(BROKEN_FILES)[:AT_ONCE]).trace
    assert [exec_.pid for exec_ in trace.of("exec")] == [FIRST]
    children = [fork.child for fork in trace.all("fork", parent=FIRST)]
    assert [exit_.pid for exit_ in trace.all(f"exit code={INVALID} reason=exit")] == children


def test_broken_as_first_program(run, tmp_path):
    """The kernel prints an error, and the run ends with the status of a failed program."""
    path = tmp_path / "broken"
    path.write_bytes(FILES["entry-0"].file())
    out = run("broken", modules={"broken": path}, expect=35)
    out.lines.once('kernel_execve: "broken" failed: invalid elf file (-8)')
