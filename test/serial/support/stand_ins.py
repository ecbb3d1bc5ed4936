# SPDX-License-Identifier: MIT
"""Scripts that stand for programs which tools/test starts."""

import os
import shutil
from pathlib import Path


def instead_of_program(monkeypatch, folder: Path, name: str, script: str):
    """A program of this name is found first in PATH, and is the shell script."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    if os.environ["PATH"].split(os.pathsep)[0] != str(folder):
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def instead_of_tests(monkeypatch, folder: Path, script: str):
    """Where tools/test would run the tests it runs the shell script; all else that it asks Meson for is Meson's."""
    instead_of_program(monkeypatch, folder, "meson", f"""case "$*" in
        *print-errorlogs*) {script} ;;
        *) exec {shutil.which("meson")} "$@" ;;
        esac""")
