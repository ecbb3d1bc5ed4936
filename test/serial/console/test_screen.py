# SPDX-License-Identifier: MIT
"""The second console: a VGA's screen and a PS/2 keyboard (screen=on)."""

import pytest
from qemu_options import rewired
from screen import BLACK, BLUE, BRIGHT_RED, COLUMNS, GREY, ON, PICTURES, ROWS, VGA, Screen
from ucow.machine import PASSED, SEABIOS

PROMPT, MONITOR_PROMPT = "$ ", "K> "
FONT = [bytes(range(at, min(at + 32, 0xFF))) for at in range(0x80, 0x100, 32)]  # all but ASCII and the blank at the end
TEXT_MEMORY, TEXT_BYTES = 0xB8000, 0x8000  # glyph and colour of each cell
STAYS = ["-action", "shutdown=pause"]  # a machine that is off can still be looked at
NO_SCREEN = 'boot: option "screen=on" needs a VGA that shows text of 80 x 25 characters: ignored'
NO_KEYBOARD = "boot: the machine has no keyboard controller (i8042): type on the serial line"


@pytest.fixture
def live(boot):
    with boot("sh", **ON) as live:
        live.expect(PROMPT)
        yield live


@pytest.fixture
def screen(live):
    return Screen(live.qmp)


def leave(live):
    live.type("exit\n")
    return live.end()


def test_what_a_person_sees(live, screen):
    """The screen has what the serial line has, and the cursor stands where the next character comes."""
    screen.type('echo "Hello, World" ~@#^*\n')
    live.expect("\nHello, World ~@#^*\n" + PROMPT)
    shot = screen.shot()
    assert shot.rows[0] == "ucow 0.2.0: user processes on i386"
    last = shot.rows.index(PROMPT.rstrip())
    assert shot.rows[last - 2:last] == [PROMPT + 'echo "Hello, World" ~@#^*', "Hello, World ~@#^*"]
    assert not any(shot.rows[last + 1:])
    assert shot.colours[0][0] == (GREY, BLACK)
    assert screen.cursor() == (last, len(PROMPT))
    leave(live)


def test_keys_edit_and_end(live, screen):
    """Arrows, home, end, delete and ^C are those of the serial line, and the serial line can still be typed on."""
    def press(*names: str):
        for name in names:
            screen.press(name)

    screen.type("cho! a ")
    press("left", "left", "left", "left", "delete", "home")
    screen.type("e")
    press("end")
    screen.type("BD")
    press("left", "backspace", "c", "right", "e", "ret")
    live.expect("\na cDe\n" + PROMPT)
    press("up", "ret")
    live.expect("\na cDe\n" + PROMPT)
    screen.type("noread\n")
    live.expect("noread: waiting.\n")
    screen.press("ctrl", "c")
    live.expect("noread: exit code -9\n" + PROMPT)
    live.type("echo both\n")
    live.expect("\nboth\n" + PROMPT)
    assert "both" in screen.shot().rows
    leave(live)


def test_history(live, screen):
    """Shift-PageUp shows what has left the screen, as far as it is kept; output shows the newest rows again."""
    for _ in range(3):
        screen.type("help\n")
        live.expect(PROMPT)
    newest = screen.shot().rows
    assert newest[-1] == PROMPT.rstrip()
    for _ in range(2):
        screen.press("shift", "pgup")
    shot = screen.expect(lambda shot: shot.rows[24:] == newest[:1])
    assert screen.cursor()[0] >= ROWS
    for _ in range(9):
        screen.press("shift", "pgup")
    screen.expect(lambda shot: shot.rows[0].startswith("ucow "))
    screen.press("shift", "pgdn")
    screen.expect(lambda shot: not shot.rows[0].startswith("ucow "))
    screen.type("x\b")
    live.expect("\b \b")
    assert screen.shot().rows == newest and shot.rows != newest
    leave(live)


def test_colours_and_characters(bench):
    """Colours of ECMA-48; UTF-8, as far as the font goes: each of its characters."""
    words = "\x1b[1;31;44mred", "\x1b[0mstraße│┤♥→√", "水x", PICTURES, *(codes.decode("cp437") for codes in FONT)
    machine = rewired(bench.machine("args", *words, **ON), ["-device"], [*ON["extra"], *STAYS])
    with machine.start() as live:
        live.expect("init check memory pass.\n")
        shot = Screen(live.qmp).shot()
        glyphs = live.qmp.read_memory(TEXT_MEMORY, TEXT_BYTES)[::2]
    start = "args: argv[1] = "
    row = next(i for i, text in enumerate(shot.rows) if text.startswith(start))
    assert shot.rows[row:row + 3] == [start + "red", "args: argv[2] = straße│┤♥→√", "args: argv[3] = ??x"]
    for codes in (bytes(range(1, 0x20)), *FONT):
        assert codes in glyphs
    assert shot.colours[row][len(start) - 2][1] == BLACK
    assert shot.colours[row][len(start)] == (BRIGHT_RED, BLUE)
    assert shot.colours[row + 2][0] == (GREY, BLACK)


def test_a_panic_is_shown(bench):
    """All of its report; and the monitor listens to the keyboard."""
    words = bench.machine("hello", **ON | {"cmdline": "screen=on monitor=on selftest=panic"})
    with rewired(words, ["-device"], [*ON["extra"], *STAYS]).start() as live:
        live.expect(MONITOR_PROMPT)
        screen = Screen(live.qmp)
        assert screen.shot().rows[-1] == MONITOR_PROMPT.rstrip()
        screen.press("shift", "pgup")
        screen.expect(lambda shot: any(row.startswith("kernel panic at ") for row in shot.rows))
        screen.type("quit\n")
        live.expect("the machine stops here.\n")
        assert screen.shot().rows[-2:] == ["the machine stops here.", ""]


def test_a_refusal_is_shown(bench):
    """What the kernel says before it knows its command line."""
    words = bench.machine("hello", cpu="486", firmware=SEABIOS)
    with rewired(words, ["-device"], [*VGA, *STAYS]).start() as live:
        sentence = live.expect("newer\n").strip()
        assert "".join(row.ljust(COLUMNS) for row in Screen(live.qmp).shot().rows).startswith(sentence)


@pytest.mark.parametrize("name, vga, complaints", [
    ("isapc", "std", []), ("pc,i8042=off", "std", [NO_KEYBOARD]), ("pc", "none", [NO_SCREEN]),
    ("microvm", "none", [NO_SCREEN])])
def test_machines_that_lack_them(bench, name, vga, complaints):
    """The run goes on without, and one line says so."""
    words = bench.machine("hello", swap=None, memory="64M", cmdline="screen=on", cpu="pentium3", firmware=SEABIOS)
    out = rewired(words, ["-machine", "-object"], ["-M", name, "-vga", vga]).run()
    bench.runs.append(out)
    assert out.status == PASSED
    out.lines.once("hello pass.")
    assert [line for line in out.lines if line.startswith("boot: ")] == complaints


def test_bad_word(run):
    run("hello", cmdline="screen=maybe").lines.once(
        'boot: option "screen=maybe" is neither screen=on nor screen=off: ignored')
