# SPDX-License-Identifier: MIT
"""Editor and container: the tasks are commands that work, and the image installs the packages of tools/lib/setup.sh.

The test gdb runs the debugger as .vscode/launch.json says.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest
from test_shown import problem

ROOT = Path(__file__).resolve().parents[2]
TASKS = json.loads((ROOT / ".vscode/tasks.json").read_text())
DOCKERFILE = ROOT / ".devcontainer/Dockerfile"
SETS = {"tools/run": ["build"], "tools/test": ["build", "test"]}


def packages(*sets: str) -> list[str]:
    return subprocess.run([ROOT / "tools/packages", *sets], capture_output=True, text=True, check=True, timeout=60).stdout.split()


@pytest.mark.parametrize("task", TASKS["tasks"], ids=lambda task: task["label"])
def test_tasks(task):
    default = {place["id"]: place["default"] for place in TASKS["inputs"]}
    assert not problem(re.sub(r"\$\{input:(\w+)\}", lambda found: default[found[1]], task["command"]))


def test_debugger_has_its_machine():
    """The launch names a task, which waits at the same port; the editor goes on when tools/run says that it waits."""
    launch = json.loads((ROOT / ".vscode/launch.json").read_text())["configurations"][0]
    task = next(task for task in TASKS["tasks"] if task["label"] == launch["preLaunchTask"])
    assert "--gdb=" + launch["miDebuggerServerAddress"].removeprefix("127.0.0.1:") in task["command"].split()
    boot = (ROOT / "tools/lib/boot.sh").read_text()
    assert 'say "waiting for $(debugger)"' in boot and 'echo "gdb -x' in boot
    assert task["problemMatcher"]["background"]["endsPattern"] == "^tools/run: waiting for gdb"


def test_image_installs_that_list():
    """It names no package itself, and has every set that the tools ask for."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    installed = re.findall(r"apt-get install ([^&\n]*)", text)
    assert [words.split(" $(")[0].split() for words in installed] == [["-y", "--no-install-recommends"]]
    sets = re.fullmatch(r".*\$\(/opt/ucow/tools/packages ([a-z ]+)\) ?", installed[0])[1].split()
    for tool, wanted in SETS.items():
        assert set(wanted) <= set(sets)
        asked = re.findall(r"^\s*require_packages (.*?)(?: \$\{clang.*)?$", (ROOT / tool).read_text(), re.MULTILINE)
        assert [set(words.split()) for words in asked] == [set(wanted)], tool


def test_packages():
    """Without a set those of tools/test; a set adds its own."""
    assert packages() == packages("build", "test")
    assert set(packages("build")) < set(packages()) < set(packages("build", "test", "edit"))
    assert {"clang", "qemu-system-x86"} <= set(packages("build")) and "python3-pytest" in packages("test")


def test_image_has_what_it_copies():
    """The list is printed by what the image has, and .dockerignore lets through."""
    copied = re.findall(r"^COPY (\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    passed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert copied == passed == ["tools/packages", "tools/lib"]
