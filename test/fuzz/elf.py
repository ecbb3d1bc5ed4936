#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""elf - a short libFuzzer run of the ELF loader that starts from generated cases.

Usage: elf.py FUZZER. test/fuzz/elf_fuzzer.c says what must hold for a file that is accepted.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from ucow.elfcases import selection  # noqa: E402

CASES, RUNS = 500, 1000  # the runs include the cases


def main():
    with tempfile.TemporaryDirectory(prefix="elf-") as folder:
        for i, case in enumerate(selection(CASES)):
            Path(folder, f"case{i:04}").write_bytes(case.data)
        done = subprocess.run([sys.argv[1], f"-runs={RUNS}", "-seed=1", f"-artifact_prefix={folder}/", folder], check=False)
    sys.exit(done.returncode != 0)  # not the code itself: libFuzzer's 77 would mean a skip to Meson


if __name__ == "__main__":
    main()
