# SPDX-License-Identifier: MIT
"""What the tests of the course share."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from ucow import children  # noqa: E402
from ucow.build import options_of  # noqa: E402


def pytest_configure(config):
    """A signal that ends pytest ends its children, too; the files of the tests are removed at the end."""
    children.own_signals()
    config.option.basetemp = config.option.basetemp or Path(children.Scratch.for_process(), "tests")


@pytest.fixture(scope="session")
def build():
    """The build under test, if it can be linked with another file."""
    folder = Path(os.environ.get("UCOW_BUILD", ROOT / "build")).absolute()
    options = options_of(folder)
    if options["buildtype"] == "release":
        pytest.skip("a release kernel is compiled as a whole, not file by file")
    if options["coverage"]:
        pytest.skip("a kernel with another file would not count for coverage")
    return folder
