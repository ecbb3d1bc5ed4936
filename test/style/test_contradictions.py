# SPDX-License-Identifier: MIT
"""Meson refuses contradicting options and wrong cross files with a sentence, before it writes anything.

So a build directory keeps its old options when new ones are refused (D60).
"""
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from ucow.configurations import CONTRADICTIONS  # noqa: E402

# Pairs that are accepted: without swap no page is evicted, and without cow tables are copied in any case.
MEANS_NOTHING = [{("evict", "fifo"), ("swap", "false")}, {("tables", "shared"), ("cow", "false")}]
REFUSED = [sorted(pair) for pair in CONTRADICTIONS if pair not in MEANS_NOTHING]


# What a cross file may get wrong: a line of cross/i386.ini, what stands in its place, and what the refusal says.
CROSS_FILES = {
    "another CPU": ("cpu_family = 'x86'", "cpu_family = 'x86_64'", "x86_64"),
    "no objcopy": ("objcopy = 'llvm-objcopy'\n", "", "llvm-objcopy"),
    "GNU's objcopy": ("'llvm-objcopy'", "'objcopy'", "llvm-objcopy"),
}


def assert_refused(tmp_path: Path, cross_file: Path, options: list[str], *words: str):
    """Meson refuses the configuration with a sentence that has these words, and writes no config.h."""
    done = subprocess.run(["meson", "setup", tmp_path / "build", ROOT, "--cross-file", cross_file, *options],
                          capture_output=True, text=True, check=False)
    sentence = done.stdout.partition("ERROR: Problem encountered: ")[2].partition("\n\n")[0]
    assert done.returncode != 0
    assert sentence and all(word in sentence for word in words), done.stdout
    assert not list(tmp_path.rglob("config.h"))


@pytest.mark.parametrize("pair", REFUSED, ids=str)
def test_refused(pair, tmp_path):
    options = [f"-D{name}={value}" for name, value in pair if name != "clang"]
    assert_refused(tmp_path, ROOT / "cross/i386.ini", options, *(name for name, _ in pair))


@pytest.mark.parametrize("old, new, word", CROSS_FILES.values(), ids=CROSS_FILES)
def test_cross_file_is_refused(old, new, word, tmp_path):
    """A cross file for another machine, or one that leaves a tool to whatever is on PATH."""
    text = (ROOT / "cross/i386.ini").read_text()
    assert old in text
    (tmp_path / "cross.ini").write_text(text.replace(old, new))
    assert_refused(tmp_path, tmp_path / "cross.ini", [], word)
