# SPDX-License-Identifier: MIT
"""A lab-5 program that was built elsewhere runs unmodified: linked at 0x800020, with its debugging sections
loaded at 0x200000, and with one system call per printed character.

D42: its segments are not in order. D57: its processes' lines still come out whole. D63: lld links it, like
the kernel and its programs.
"""

import subprocess

import pytest

PROGRAM = r"""
static int call(int nr, unsigned a, unsigned b)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "d"(a), "c"(b) : "memory");
    return result;
}

static void print(const char *text)
{
    for (int i = 0; text[i] != 0; i++) {
        call(30, (unsigned char)text[i], 0); /* putc */
        if (i % 7 == 0)
            call(10, 0, 0); /* yield */
    }
}

__attribute__((section(".stab"), used)) static const int stab[4] = {1, 2, 3, 4};

void _start(void)
{
    int child = call(2, 0, 0), code = 0; /* fork */
    for (int i = 0; i < LINES; i++)
        print(child == 0 ? "the child prints a line, a character at a time\n"
                         : "the parent prints a line, a character at a time\n");
    if (child == 0)
        call(1, 0x1234, 0); /* exit */
    if (call(3, child, (unsigned)&code) != 0 || code != 0x1234 || stab[3] != 4)
        call(1, 1, 0);
    print("foreign pass.\n");
    call(1, 0, 0);
}
"""

# The layout of the course's user.ld. Descending addresses need separate segments, or lld would make a huge file.
SCRIPT = """
OUTPUT_FORMAT("elf32-i386")
ENTRY(_start)
PHDRS
{
    text PT_LOAD FLAGS(5);
    stab PT_LOAD FLAGS(4);
}
SECTIONS
{
    . = 0x800020;
    .text : { *(.text .text.*) } :text
    .rodata : { *(.rodata .rodata.*) } :text
    . = 0x200000;
    .stab : { *(.stab) } :stab
    /DISCARD/ : { *(.eh_frame .comment .note*) }
}
"""
LINES = 12


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """The program's file."""
    folder = tmp_path_factory.mktemp("foreign")
    source, script, program = folder / "foreign.c", folder / "user.ld", folder / "foreign"
    source.write_text(PROGRAM)
    script.write_text(SCRIPT)
    subprocess.run(["clang", "--target=i386-unknown-linux-gnu", "-m32", "-O1", "-ffreestanding", "-fno-pic",
                    "-nostdlib", "-static", "-fuse-ld=lld", "-Wl,--build-id=none", "-T", script,
                    f"-DLINES={LINES}", source, "-o", program], check=True)
    return program


def test_lines(run, foreign):
    out = run("foreign", modules={"foreign": foreign})
    for who in ("child", "parent"):
        assert out.lines.count(f"the {who} prints a line, a character at a time") == LINES
    out.lines.once("foreign pass.")
    assert len([line for line in out.lines if "prints" in line]) == 2 * LINES


def test_a_call_for_each_character(run, foreign):
    """Two processes print with putc only and yield in the middle of lines."""
    trace = run("foreign", modules={"foreign": foreign}).trace
    writers = [record.cpu_pid for record in trace.all("syscall_enter nr=putc")]
    assert set(writers) == {2, 3} and len(writers) > 1000
    assert sum(one != other for one, other in zip(writers, writers[1:])) >= 4 * LINES
    assert not trace.all("syscall_enter nr=write")
    trace.in_order("exec pid=2", "fork parent=2 child=3", "exit pid=3 code=4660 reason=exit", "reap parent=2 child=3")


@pytest.mark.parametrize("target", ["kernel/ucow.elf", "user/hello.elf"])
def test_lld_links(build, target):
    """Meson links with lld. (D63)"""
    rules = (build.folder / "build.ninja").read_text()
    rule = rules[rules.index(f"\nbuild {target}: "):].split("\n\n")[0]
    assert "-fuse-ld=lld" in rule or "/ld.lld" in rule
