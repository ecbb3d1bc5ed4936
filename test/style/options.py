#!/usr/bin/env python3
"""options - every build option is built and tested in some configuration of tools/matrix (D74).

Usage: options.py [ROOT]. Names the options of meson_options.txt that no configuration turns
over, and the configurations that set an option that is gone; fails if there are any.
"""
import re
import sys
from pathlib import Path

OPTION = re.compile(r"^option\('(\w+)'", re.MULTILINE)
SETTING = re.compile(r"-D ?(\w+)=")
MESONS_OWN = {"buildtype", "b_ndebug", "optimization", "debug"}


def breaches(root):
    options = set(OPTION.findall((root / "meson_options.txt").read_text()))
    tried = set(SETTING.findall((root / "tools/matrix").read_text()))
    for name in sorted(options - tried):
        yield f"meson_options.txt: {name} is set by no configuration of tools/matrix"
    for name in sorted(tried - options - MESONS_OWN):
        yield f"tools/matrix: {name} is no option of meson_options.txt"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2])
    sys.exit("\n".join(breaches(root)) or None)


if __name__ == "__main__":
    main()
