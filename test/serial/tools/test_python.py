# SPDX-License-Identifier: MIT
"""docs/python.md: each example runs as it stands, and prints what it is for; tools/trace writes the same rows."""

import csv
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest
from conftest import ROOT

TOOL = ROOT / "tools/trace"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/python.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
# The test builds nothing: every example gets the kernel under test.
PRELUDE = "import os, pathlib, ucow.build\nucow.build.built = lambda *_: pathlib.Path(os.environ['UCOW_KERNEL'])\n"
PRINTS = [r"33 forktest pass\.\n(\d+ \d+\n){32}", r"passed\s+in order\n", r"\[\('.*\)\]\n\d+ pages copied\n",
          r"(cow|eager) +\d+M fork\w+ +[\d,]+ +\d+ copies\n", r"1 greeting\n"]


@pytest.mark.parametrize("number", range(len(PRINTS)))
def test_example(number, build, tmp_path):
    build.need_trace()
    example = EXAMPLES[number]
    if "matplotlib" in example and not find_spec("matplotlib"):
        example = example[:example.index("import matplotlib")]
    # A machine with kasan needs more memory than the examples say.
    example = re.sub(r'"(\d+M)"', lambda size: f'"{build.room(size[1])}"', example)
    done = subprocess.run([sys.executable, "-c", PRELUDE + example], capture_output=True, text=True, cwd=tmp_path, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT / "tools"), "UCOW_KERNEL": str(build.kernel), "MPLBACKEND": "agg",
                               "MPLCONFIGDIR": str(tmp_path)})
    assert done.returncode == 0, f"example {number + 1} of docs/python.md:\n{done.stderr}"
    assert re.search(PRINTS[number], done.stdout), f"example {number + 1} printed:\n{done.stdout}"


def test_every_example_is_tested():
    assert len(EXAMPLES) == len(PRINTS)


def test_the_package_installs(tmp_path):
    """As docs/python.md says it for a virtual environment, and then from any folder."""
    if not all(map(find_spec, ("pip", "setuptools", "wheel"))):
        pytest.skip("python3-pip, python3-setuptools or python3-wheel is not installed")
    says = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    words = re.search(r"`pip (install .*) -e tools` \(without the\s+second option in a virtual environment, .* `(--system-\S+)`\)", says)
    options = words[1].split()
    # Its pip is that of the system, which ensurepip would copy there.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", words[2], tmp_path / "env"], check=True, stdout=subprocess.DEVNULL)
    # It asks for the version of rustc, and rustup's writes into HOME.
    done = subprocess.run([tmp_path / "env/bin/python", "-m", "pip", *options[:2], "--no-index", "-e", ROOT / "tools"],
                          capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(tmp_path)})
    assert done.returncode == 0 and options[2:] == ["--break-system-packages"], done.stdout + done.stderr
    where = subprocess.run([tmp_path / "env/bin/python", "-c", "import ucow.build; print(ucow.build.ROOT)"], capture_output=True, text=True,
                           cwd=tmp_path, check=True, env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"})
    assert where.stdout == f"{ROOT}\n"


def test_rows_are_the_events(bench, build, tmp_path):
    """The CSV and the JSON lines have what the trace has: numbers, names of enumerations, and texts."""
    build.need_trace()
    out = bench.machine("exit").run()
    done = subprocess.run([sys.executable, TOOL, "--elf", build.kernel, "--csv", tmp_path / "t.csv", "--jsonl", tmp_path / "t.jsonl",
                           "--event", "exec", "--event", "state", out.memory_file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    records = out.trace.of("exec", "state")
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert lines == [record.row() for record in records]
    assert next(line for line in lines if line["event"] == "exec")["name"] == "exit"
    assert lines[-1]["from"] == records[-1].shown("from")
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{name: str(value) for name, value in line.items()} for line in lines] == [
        {name: value for name, value in row.items() if name in line} for row, line in zip(rows, lines)]
    assert len(rows) == len(lines) and {row["name"] for row in rows} == {"exit", ""}
