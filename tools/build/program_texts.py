#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""program_texts - makes the rows of a C table from the first comment of each program: {"args", "prints its arguments"},

Usage: program_texts.py OUTPUT SOURCE...
"""

import json
import re
import sys
from pathlib import Path

IDEA = re.compile(r"/\*\n \* (\w+) - (.*?)\n(?: \*\n| \*/)", re.DOTALL)


def row(source: Path) -> str:
    """The name and the first paragraph, of which only the first sentence is taken."""
    found = IDEA.search(source.read_text(encoding="utf-8"))
    if found is None:
        return ""
    text = re.sub(r"\s*\n \* ?", " ", found[2])
    sentence = re.split(r"(?<=[.:;]) ", text)[0].rstrip(".:;")
    return f"{{{json.dumps(source.stem)}, {json.dumps(re.sub(r' [(]D[^)]*[)]', '', sentence))}}},\n"


def main() -> None:
    output, *sources = map(Path, sys.argv[1:])
    output.write_text("".join(map(row, sources)), encoding="utf-8")


if __name__ == "__main__":
    main()
