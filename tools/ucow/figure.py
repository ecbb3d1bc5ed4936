# SPDX-License-Identifier: MIT
"""What every picture of measurements needs: matplotlib, so that the same numbers give the same file, and a place for it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from . import LabError

if TYPE_CHECKING:
    from matplotlib.pyplot import Figure


def check_place(file: Path) -> None:
    """Refuse a file that could not be written, before what it is to hold is measured."""
    if not os.access(file.absolute().parent, os.W_OK):
        raise LabError(f"{file} cannot be written: its folder does not exist, or is not yours")


def prepare_matplotlib() -> None:
    """Load and set up matplotlib. Called before anything is measured, which would be in vain without the package."""
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    plt.rcParams.update({"svg.hashsalt": "ucow", "svg.fonttype": "none", "font.size": 9})


def save(figure: "Figure", file: Path, description: str | None = None) -> None:
    """Write the figure into `file`, whose name says the format; an SVG file holds the description, and no date."""
    figure.savefig(file, metadata={"Date": None, "Description": description} if file.suffix == ".svg" else None)
