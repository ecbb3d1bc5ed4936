#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""defects - every number of docs/defects.md and docs/pages.md is cited by a test, and every citation is of a number there.

A promise has a number like "D07", a way of a page from one state to another one like "P07". A test cites
it anywhere in test/ or user/.

Usage: defects.py [--list] [ROOT]. With --list it prints who cites what; otherwise it names the
numbers without a test and the citations of no number, and fails if there are any.
"""
import re
import sys
from pathlib import Path

# The documents, by the letter of their numbers.
DOCUMENTS = {"D": "docs/defects.md", "P": "docs/pages.md"}
ROW = re.compile(r"^\| ([DP]\d{2,3}) \|", re.MULTILINE)
CITATION = re.compile(r"\b[DP]\d{2,3}\b")
# These two only talk about numbers.
NO_TESTS_OF_THE_KERNEL = {"defects.py", "test_style.py"}


def promises(root):
    """The numbers of all documents, in order; each document has those of its own letter."""
    return [number for letter, document in DOCUMENTS.items() for number in ROW.findall((root / document).read_text())
            if number[0] == letter]


def citations(root):
    """From each number to the files that cite it."""
    cited = {}
    for folder in ("test", "user"):
        for path in sorted((root / folder).rglob("*")):
            if not path.is_file() or path.suffix not in {".py", ".c", ".h", ""} or path.name in NO_TESTS_OF_THE_KERNEL:
                continue
            for number in set(CITATION.findall(path.read_text())):
                cited.setdefault(number, []).append(path.relative_to(root).as_posix())
    return cited


def breaches(root):
    known, cited = promises(root), citations(root)
    for number in sorted({number for number in known if known.count(number) > 1}):
        yield f"{DOCUMENTS[number[0]]}: {number} stands there twice"
    for number in known:
        if number not in cited:
            yield f"{DOCUMENTS[number[0]]}: {number} has no test: let the test that keeps it cite the number"
    for number in sorted(set(cited) - set(known)):
        yield f"{', '.join(cited[number])}: cites {number}, which {DOCUMENTS[number[0]]} does not have"


def main():
    words = [word for word in sys.argv[1:] if word != "--list"]
    root = Path(words[0] if words else Path(__file__).parents[2])
    if "--list" in sys.argv:
        cited = citations(root)
        for number in promises(root):
            print(number, " ".join(cited.get(number, ["-"])))
        return
    sys.exit("\n".join(breaches(root)) or None)


if __name__ == "__main__":
    main()
