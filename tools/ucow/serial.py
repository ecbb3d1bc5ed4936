# SPDX-License-Identifier: MIT
"""The serial output of a run as lines, with the assertions tests make on them.

An expected line is a string, which a line must equal, or a compiled regular expression, which
must be found in it.
"""

import re
from collections.abc import Iterator

Expected = str | re.Pattern


def _shown(expected: Expected) -> str:
    return expected if isinstance(expected, str) else f"/{expected.pattern}/"


def _fits(expected: Expected, line: str) -> bool:
    return line == expected if isinstance(expected, str) else expected.search(line) is not None


class LineDeviation(AssertionError):
    """The lines of a run are not as expected, from the one with number `line` on, counted from 1."""

    def __init__(self, message: str, line: int, lines: "Lines") -> None:
        super().__init__(message)
        self.line, self.lines = line, lines


class Lines:
    """What came over the serial line."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r", "")
        self.lines = [line.rstrip() for line in self.text.split("\n")]
        if self.lines[-1] == "":
            self.lines.pop()

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def all(self, expected: Expected) -> list[str]:
        """Every line that fits."""
        return [line for line in self.lines if _fits(expected, line)]

    def count(self, expected: Expected) -> int:
        """How many lines fit."""
        return len(self.all(expected))

    def once(self, expected: Expected) -> str:
        """The only line that fits; it is a failure if there are more or none."""
        __tracebackhide__ = True
        found = self.all(expected)
        if len(found) != 1:
            second = [i for i, line in enumerate(self.lines, 1) if _fits(expected, line)][1:]
            raise LineDeviation(f"expected exactly one line {_shown(expected)!r}, seen {len(found)} in\n"
                                f"{self.numbered()}", second[0] if second else len(self.lines), self)
        return found[0]

    def never(self, expected: Expected) -> None:
        """No line fits."""
        __tracebackhide__ = True
        if found := self.all(expected):
            raise LineDeviation(f"expected no line {_shown(expected)!r}, seen {found[0]!r} in\n{self.numbered()}",
                                self.lines.index(found[0]) + 1, self)

    def in_order(self, *expected: Expected) -> None:
        """Lines that fit come one after the other, with anything in between."""
        __tracebackhide__ = True
        rows = [f"  {'expected lines in this order':<50} seen"]
        place = 0
        for want in expected:
            found = next((i for i in range(place, len(self.lines)) if _fits(want, self.lines[i])), None)
            if found is None:
                rows.append(f"  {_shown(want):<50} NOT SEEN after line {place}")
                raise LineDeviation("\n".join([*rows, "in", self.numbered()]), place, self)
            rows.append(f"  {_shown(want):<50} line {found + 1}: {self.lines[found]}")
            place = found + 1

    def bytes_until(self, line: int) -> int:
        """How much the machine has printed at the end of a line, counted from 1. Its lines end with CR and LF."""
        return len("".join(text + "\r\n" for text in self.lines[:line]).encode())

    def numbered(self, most: int = 60) -> str:
        """The last `most` lines with their numbers."""
        first = max(0, len(self.lines) - most)
        return "\n".join(f"  {i + 1:>4} {line}" for i, line in enumerate(self.lines[first:], first)) or "  (nothing)"
