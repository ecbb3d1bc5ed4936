#!/usr/bin/env python3
"""elf - the loader on some structured cases and what libFuzzer makes of them, for a moment.

Usage: elf.py FUZZER. What is accepted must keep its promises: test/fuzz/elf_fuzzer.c says which.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from ucow.elfcases import selection  # noqa: E402

CASES, RUNS = 500, 1000  # the cases are the first of the runs


def main():
    with tempfile.TemporaryDirectory(prefix="elf-") as folder:
        for i, case in enumerate(selection(CASES)):
            Path(folder, f"case{i:04}").write_bytes(case.data)
        done = subprocess.run([sys.argv[1], f"-runs={RUNS}", "-seed=1", f"-artifact_prefix={folder}/", folder], check=False)
    sys.exit(done.returncode != 0)  # not by itself, for libFuzzer's 77 is Meson's word for a skip


if __name__ == "__main__":
    main()
