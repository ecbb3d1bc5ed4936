#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""license - every source file names its license on the first line, or on the second after a #! line.

Usage: license.py [ROOT]. Prints FILE:LINE: and a sentence for each breach, and fails if there is one.
"""
import sys
from pathlib import Path

FOLDERS = ("kernel", "include", "user", "test", "tools", "cross", ".ci", ".github")
C_LIKE = {".c", ".h", ".S", ".def", ".ld", ".inc", ".pml"}
SCRIPTS = {".py", ".sh", ".ini", ".yml"}
MESON = {"meson.build", "meson_options.txt"}
IDENTIFIER = "SPDX-License-Identifier: MIT"


def sources(root):
    """The files that need the line; what has a suffix of its own but no comments, or is data, needs none."""
    files = [root / name for name in sorted(MESON)]
    for folder in FOLDERS:
        files += sorted((root / folder).rglob("*"))
    for path in files:
        if path.is_file() and (path.suffix in C_LIKE | SCRIPTS or path.name in MESON
                               or path.suffix == "" and path.read_bytes().startswith(b"#!")):
            yield path


def breaches(root):
    for path in sources(root):
        lines = path.read_text().split("\n")
        number = 2 if lines[0].startswith("#!") else 1
        wanted = f"/* {IDENTIFIER} */" if path.suffix in C_LIKE else f"# {IDENTIFIER}"
        if lines[number - 1:number] != [wanted]:
            yield f"{path.relative_to(root)}:{number}: this line must be: {wanted}"


if __name__ == "__main__":
    sys.exit("\n".join(breaches(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]))) or None)
