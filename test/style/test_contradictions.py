"""What tools/covering leaves out as a contradiction is refused by Meson, with a sentence, before anything is written.

So a build directory whose new options were refused goes on with the old ones (D60).
"""
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
loader = SourceFileLoader("covering", str(ROOT / "tools/covering"))
covering = module_from_spec(spec_from_loader("covering", loader))
loader.exec_module(covering)

MEANS_NOTHING = {("evict", "fifo"), ("swap", "false")}  # is no contradiction: nobody asks who goes first
REFUSED = [sorted(pair) for pair in covering.CONTRADICTIONS if pair != MEANS_NOTHING]


@pytest.mark.parametrize("pair", REFUSED, ids=str)
def test_refused(pair, tmp_path):
    options = [f"-D{name}={value}" for name, value in pair if name != "clang"]
    done = subprocess.run(["meson", "setup", tmp_path / "build", ROOT, "--cross-file", ROOT / "cross/i386.ini", *options],
                          capture_output=True, text=True, check=False)
    sentence = done.stdout.partition("ERROR: Problem encountered: ")[2].partition("\n\n")[0]
    assert done.returncode != 0
    assert all(name in sentence for name, _ in pair), done.stdout
    assert not list(tmp_path.rglob("config.h"))
