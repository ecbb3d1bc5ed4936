# SPDX-License-Identifier: MIT
"""kernel/watch/monitor.c: after a panic, `monitor=on` gives a prompt, which answers as tools/inspect does.

It follows no broken pointer: a test breaks some in the memory of a machine that waits at the prompt.
"""

import mmap
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from ucow import inspect
from ucow.layout import layout_of
from ucow.machine import PANIC, size_bytes
from ucow.memory import FileMemory
from ucow.pages import MM, PROC, TABLE_BYTES, Guest
from ucow.symbols import KERNBASE, lines_of, physical

PROMPT = "K> "
NOWHERE = 0xDEAD0000
FRAME = re.compile(r"^  \[0x([0-9a-f]{8})\] (\w+) \(")


class Prompt:
    """A machine that waits at its prompt."""

    def __init__(self, live, build):
        self.live, self.build = live, build
        self.live.expect(PROMPT)

    def ask(self, line: str) -> list[str]:
        """The lines that answer what is typed; the first that is printed is the echo."""
        self.live.type(line + "\n")
        echo, *answer = self.live.expect("\n" + PROMPT).splitlines()[:-1]
        assert echo == line[:79]
        return answer

    def inspect(self, *words: str) -> list[str]:
        """What tools/inspect says of the same machine."""
        memory = FileMemory(self.live.memory_file)
        try:
            return list(inspect.answer(Guest.of(memory, self.build.kernel), words[0], list(words[1:])))
        finally:
            memory.close()

    def end(self):
        """`quit` ends the machine as a panic ends it."""
        self.live.type("quit\n")
        return self.live.end(expect=PANIC)


def put(file: Path, address: int, word: int) -> int:
    """Write a word at a kernel address into the memory of a machine that runs. Returns what was there."""
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as memory:
        at = physical(address)
        before = int.from_bytes(memory[at:at + 4], "little")
        memory[at:at + 4] = word.to_bytes(4, "little")
    return before


@contextmanager
def broken(file: Path, address: int, word: int = NOWHERE):
    before = put(file, address, word)
    yield
    put(file, address, before)


@pytest.fixture
def prompt(boot, build):
    """The prompt of a machine whose shell has found no list where its children should be."""
    with boot("sh", cmdline="monitor=on") as live:
        live.expect("$ ")
        shell, children = process(live, build, 2), layout_of(build.kernel).members(PROC, "proc")["children"].offset + 4
        with broken(live.memory_file, shell + children):
            live.type("hello\n")
            live.expect("the machine has stopped; type help, or quit to end it.")
            found = Prompt(live, build)
        yield found
        found.end().lines.once("the machine has stopped; type help, or quit to end it.")


def process(live, build, pid: int) -> int:
    """The address of a process."""
    memory = FileMemory(live.memory_file)
    try:
        return next(each.address for each in Guest.of(memory, build.kernel).processes if each.pid == pid)
    finally:
        memory.close()


def frames(lines: list[str]) -> list[tuple[int, str]]:
    """Address and function of each frame of the kernel."""
    return [(int(found[1], 16), found[2]) for line in lines if (found := FRAME.match(line))]


def member(build, name: str) -> int:
    return layout_of(build.kernel).members(PROC, "proc")[name].offset


def test_same_as_inspect(prompt, build):
    """Processes, frames of a process that waits, an entry with its frame, the registers of a program, the last events."""
    assert prompt.ask("ps") == prompt.inspect("ps")
    assert [line.split() for line in prompt.ask("ps")][-1] == ["*", "2", "1", "RUNNING", "sh"]
    # The kernel shows the call, which is before the return address, and does not know which functions are inlined there.
    assert [address + (i > 0) for i, (address, _) in enumerate(frames(prompt.ask("bt 1")))] == [
        *dict.fromkeys(int(line.split()[1], 16) for line in prompt.inspect("bt", "1"))]
    entry = prompt.ask("pte 0xaffffff0")
    assert entry[-2:] == prompt.inspect("pte", "0xaffffff0", "2")[-3:-1][:1] + entry[-1:]
    assert entry == prompt.ask("pte 0xaffffff0 2")
    assert re.fullmatch(r"  frame       0x[0-9a-f]+, count 1, user memory", entry[-1])
    registers = dict(line.split()[:2] for line in prompt.ask("frame"))
    assert {line.split()[0]: line.split()[1] for line in prompt.inspect("frame", "2")}["eip"] == registers["eip"]
    if build.trace:
        assert prompt.ask("events 5") == prompt.inspect("events", "5")


def test_frames_and_memory(prompt, build):
    """The report's frames, then those of the program, whose stack is read through its page tables."""
    lines = prompt.ask("bt")
    user = [line for line in lines if line.endswith("] in the program sh")]
    assert frames(lines)[-1][1] == "syscall_entry" and lines[-len(user):] == user
    places = lines_of(build.folder / "user/sh.elf")
    functions = [places.where(int(line[3:13], 16)).split()[0] for line in user]
    assert len(functions) >= 2 and functions[-1] == "main"
    registers = dict(line.split()[:2] for line in prompt.ask("frame 2"))
    stack = prompt.ask(f"mem {registers['esp']} 6")
    assert [len(re.findall(r" [0-9a-f]{8}", line)) for line in stack] == [5, 3] and stack[0].startswith("  af")
    assert prompt.ask("mem 0xc0100000 1")[0].startswith("  c0100000 1badb002")
    assert any(line.startswith("  cr3  0x0") for line in prompt.ask("regs"))
    assert len(prompt.ask("help")) == 9


def test_mistakes(prompt):
    """Each is a sentence, and the prompt goes on."""
    for line, said in {"nosuch": "there is no word nosuch: type help", "ps 1": "it is used as: ps", "mem": "it is used as: mem ADDRESS [WORDS]",
                       "bt 9": "there is no process 9", "bt 4294967295": "there is no process 4294967295",
                       "frame 1": "process 1 has no user memory, and so no user registers",
                       "pte 0x800000 1": "process 1 has no user memory", "mem 0x100000000": "0x100000000 is no number of 32 bits: give one, as in 0x800020 or 12",
                       "bt sh": "sh is no number of 32 bits: give one, as in 0x800020 or 12", "pte sh": "sh is no number of 32 bits: give one, as in 0x800020 or 12",
                       "events -1": "-1 is no number of 32 bits: give one, as in 0x800020 or 12", "mem 4": "  0x00000004 is not mapped",
                       "mem 0xffffffff": "  0xfffffffc is not mapped", "x" * 300: f"there is no word {'x' * 79}: type help"}.items():
        assert prompt.ask(line) == [said]
    assert prompt.ask("") == [] and prompt.ask("   ") == []
    prompt.live.type("\x00\x07\x1b\xffp\x04z\x7fs\n")  # control characters are ignored, also ^D in a line
    assert "   PID PARENT STATE     NAME" in prompt.live.expect("\n" + PROMPT)


def test_broken_pointers(prompt, build):
    """A pointer that leads nowhere is printed as such: of a process, its parent, its memory, its stack."""
    file, shell = prompt.live.memory_file, process(prompt.live, build, 2)
    table = layout_of(build.kernel).variable("proc/pid.c", "slots")
    memory = FileMemory(file)
    entry = int.from_bytes(memory.read(physical(table), 4), "little") + 2 * layout_of(build.kernel).size("proc/pid.c", "pid_slot")
    memory.close()
    with broken(file, entry):
        assert prompt.ask("ps")[-1] == "     2        0xdead0000 is no address of a process"
        assert prompt.ask("bt 2") == ["the process would be at 0xdead0000, where nothing is"]
    end = KERNBASE + size_bytes(build.memory)  # the next page is not mapped
    with broken(file, entry, end - 64):
        assert prompt.ask("ps")[-1] == f"     2        {end - 64:#x} is no address of a process"
    with broken(file, table):
        assert len(prompt.ask("ps")) == 2  # idle
    with broken(file, shell + member(build, "parent")):
        assert prompt.ask("ps")[-1].split() == ["*", "2", "?", "RUNNING", "sh"]
    with broken(file, shell + member(build, "mm")):
        assert prompt.ask("pte 0x800000") == ["the memory of process 2 would be at 0xdead0000, where nothing is"]
    with broken(file, shell + member(build, "kstack")):
        assert prompt.ask("frame") == ["process 2 has no kernel stack that can be read"]
    with broken(file, process(prompt.live, build, 1) + member(build, "sp")):
        assert prompt.ask("bt 1") == []
    assert prompt.ask("ps")[-1].split() == ["*", "2", "1", "RUNNING", "sh"]


@pytest.mark.parametrize("frame", [0x37FFF000, 0x3B001000], ids=["not mapped", "where the stacks are"])
def test_broken_page_table(prompt, build, frame):
    """A directory may name a frame that is no memory."""
    memory = FileMemory(prompt.live.memory_file)
    guest = Guest.of(memory, build.kernel)
    mm = guest.member(process(prompt.live, build, 2), PROC, "proc", "mm")
    entry = guest.member(mm, MM, "mm", "pgdir") + 0x40000000 // TABLE_BYTES * 4
    memory.close()
    with broken(prompt.live.memory_file, entry, frame | 7):
        assert prompt.ask("pte 0x40000000") == [
            "  process     2 sh", f"the page tables lead to what is no memory: directory entry {frame | 7:#010x}"]
        assert prompt.ask("mem 0x40000000") == ["  0x40000000 is not mapped"]
    assert prompt.ask("pte 0x40000000")[-1] == "  directory   0x00000000 (empty)"


@pytest.mark.parametrize("mistake", ["panic", "overflow"])
def test_end_of_input(boot, mistake):
    """^D ends the machine as `quit` does; an overflowed stack leaves a prompt, too."""
    with boot("hello", cmdline=f"monitor=on selftest={mistake}") as live:
        live.type("ps\nbt\n\x04")
        out = live.end(expect=PANIC)
    out.lines.in_order(re.compile("^kernel panic at"), "K> ps", re.compile(r"^\* +1 +0 RUNNING   init$"), "K> bt",
                       re.compile("init_main" if mistake == "panic" else "recurse"), "the machine stops here.")


def test_no_prompt(run):
    """With `monitor=off`, as without it, a panic ends the machine."""
    out = run("hello", cmdline="monitor=off selftest=panic", expect=PANIC)
    out.lines.never(re.compile("^K>"))
