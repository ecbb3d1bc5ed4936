# SPDX-License-Identifier: MIT
"""The files that the tests of the style rules make are removed at their end."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from ucow import children  # noqa: E402


def pytest_configure(config):
    children.own_signals()
    config.option.basetemp = config.option.basetemp or Path(children.Scratch.for_process(), "tests")
