# SPDX-License-Identifier: MIT
"""The screen and the keyboard of a machine with a VGA.

A screenshot is read back with the font of QEMU's VGA firmware, which is the one that is shown.
"""

import string
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ucow.children import Scratch
from ucow.machine import SEABIOS, WALL_SECONDS
from ucow.qmp import Qmp

Cell = tuple[str, tuple[int, ...], tuple[int, ...]]
COLUMNS, ROWS = 80, 25
CELL_WIDTH, CELL_HEIGHT, BYTES = 9, 16, 3  # pixels; bytes of a pixel
VGA = ("-vga", "std")
ON = {"cmdline": "screen=on", "firmware": SEABIOS, "extra": VGA}  # qboot starts no VGA
FIRMWARE = Path("/usr/share/seabios/vgabios-stdvga.bin")
LETTER_A = bytes.fromhex("000010386cc6c6fec6c6c6c600000000")
PICTURES = "☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"  # 1 to 31 of code page 437
GREY, BLACK, BLUE, BRIGHT_RED = (2, 2, 2), (0, 0, 0), (0, 0, 2), (3, 1, 1)  # red, green, blue: 0 to 3
CRTC_INDEX, CRTC_DATA, START, CURSOR = 0x3D4, 0x3D5, 0x0C, 0x0E

# What QEMU calls a key. Letters and digits have their own names.
KEYS = {" ": "spc", "\n": "ret", "\t": "tab", "\b": "backspace", "-": "minus", "=": "equal", ";": "semicolon",
        "'": "apostrophe", "`": "grave_accent", "\\": "backslash", ",": "comma", ".": "dot", "/": "slash",
        "[": "bracket_left", "]": "bracket_right"}
SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./"))


@cache
def glyphs() -> dict[bytes, str]:
    """The character that each pattern of the font stands for."""
    rom = FIRMWARE.read_bytes()
    start = rom.index(LETTER_A) - CELL_HEIGHT * ord("A")
    characters = " " + PICTURES + bytes(range(32, 256)).decode("cp437")
    return {rom[start + CELL_HEIGHT * code:start + CELL_HEIGHT * (code + 1)]: characters[code]
            for code in [*range(256), ord(" ")]}  # some look alike


@cache
def read_cell(pixels: bytes) -> Cell:
    """The character of a cell, without the cursor in its last two lines, and its colours. A letter leaves its ninth
    column in the background's."""
    levels = [value >> 6 for value in pixels]
    colours = [tuple(levels[at:at + BYTES]) for at in range(0, len(levels), BYTES)]
    behind = colours[CELL_WIDTH - 1]
    front = next((colour for colour in colours if colour != behind), behind)
    lines = [[colour != behind for colour in colours[at:at + 8]] for at in range(0, len(colours), CELL_WIDTH)]
    if all(lines[-1] + lines[-2]):
        lines[-2:] = [[False] * 8] * 2
    pattern = bytes(int("".join("01"[lit] for lit in line), 2) for line in lines)
    return glyphs().get(pattern, "\ufffd"), front, behind


class Screenshot:
    """The picture that a person sees: its rows as text, and the colours of each cell."""

    def __init__(self, ppm: bytes):
        kind, width, height, _ = ppm.split(maxsplit=4)[:4]
        assert (kind, int(width), int(height)) == (b"P6", COLUMNS * CELL_WIDTH, ROWS * CELL_HEIGHT)
        self._pixels = ppm[-COLUMNS * CELL_WIDTH * ROWS * CELL_HEIGHT * BYTES:]
        cells = [[self._cell(row, column) for column in range(COLUMNS)] for row in range(ROWS)]
        self.rows = ["".join(character for character, _, _ in row).rstrip() for row in cells]
        self.colours = [[(front, behind) for _, front, behind in row] for row in cells]

    def _cell(self, row: int, column: int) -> Cell:
        lines = (row * CELL_HEIGHT + dy for dy in range(CELL_HEIGHT))
        starts = ((y * COLUMNS + column) * CELL_WIDTH * BYTES for y in lines)
        return read_cell(b"".join(self._pixels[at:at + CELL_WIDTH * BYTES] for at in starts))


class Screen:
    """What stands in front of the person: looks at the screen of a machine, and presses keys."""

    def __init__(self, qmp: Qmp):
        self._qmp = qmp

    def shot(self) -> Screenshot:
        with Scratch() as folder:
            path = Path(folder, "screen.ppm").resolve()
            self._qmp.execute("screendump", filename=str(path))
            return Screenshot(path.read_bytes())

    def expect(self, shows: Callable[[Screenshot], bool]) -> Screenshot:
        """Wait until the screen is as it should be."""
        end = time.monotonic() + WALL_SECONDS
        while not shows(shot := self.shot()):
            assert time.monotonic() < end, "the screen shows\n" + "\n".join(shot.rows)
        return shot

    def _monitor(self, command: str) -> str:
        return self._qmp.execute("human-monitor-command", **{"command-line": command})

    def _register(self, high: int) -> int:
        """A register of 16 bits of the VGA's CRT controller; the machine is stopped and does not notice."""
        def read(port: int) -> int:
            return int(self._monitor(f"i /b {port}").split("=")[1], 16)
        selected, value = read(CRTC_INDEX), 0
        for index in (high, high + 1):
            self._monitor(f"o /b {CRTC_INDEX} {index}")
            value = value << 8 | read(CRTC_DATA)
        self._monitor(f"o /b {CRTC_INDEX} {selected}")
        return value

    def cursor(self) -> tuple[int, int]:
        """Row and column of the cursor on the screen; rows beyond the last are out of sight."""
        self._qmp.stop()
        row, column = divmod(self._register(CURSOR) - self._register(START), COLUMNS)
        self._qmp.cont()
        return row, column

    def press(self, *names: str):
        """Press keys together, by QEMU's names: press("shift", "pgup")."""
        self._qmp.execute("send-key", keys=[{"type": "qcode", "data": name} for name in names])

    def type(self, text: str):
        for character in text:
            plain = SHIFTED.get(character, character.lower())
            name = KEYS.get(plain, plain)
            shift = character in SHIFTED or character in string.ascii_uppercase
            self.press(*["shift"] * shift, name)
