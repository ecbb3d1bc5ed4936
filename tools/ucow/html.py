# SPDX-License-Identifier: MIT
"""A trace as one HTML file that shows it, and that needs nothing else: no network, no other file.

The page is tools/ucow/page/: style, scripts and frame are put into one file as they are. The records go in as the kernel
wrote them, in base64, with the kernel's own description of them: the scripts decode them as tools/ucow/trace.py does.
"""

import base64
import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import LabError
from .html_sources import sources
from .machine import MEANING
from .trace import Ring, Trace, decode, load_ring

PAGE = Path(__file__).parent / "page"
SCRIPTS = ("records", "lives", "memory", "moments", "words", "draw", "timeline", "pagemap", "states", "eventlist", "source", "tables",
           "together", "main", "start")
MOST_RECORDS = 1_000_000  # a browser keeps them all in memory
BEGIN = b"<!DOCTYPE html>"


def _about(trace: Trace) -> str:
    """What the run was, in some words."""
    words = []
    if boots := trace.of("boot"):
        words.append("copy-on-write" if boots[0]["cow"] else "eager fork")
    words.append(f"{len(trace):,} events")
    if ends := trace.of("end"):
        words.append(MEANING.get(ends[-1].status << 1 | 1, f"status {ends[-1].status}"))
    else:
        words.append("the machine has not ended, or crashed")
    return ", ".join(words)


def title_of(trace: Trace) -> str:
    """The name of the first program that ran."""
    return next((record.shown("name") for record in trace.of("exec")), "ucow")


def data(ring: Ring, elf: Path) -> dict[str, Any]:
    """One run of the kernel `elf` as the scripts read it."""
    trace = decode(ring)
    if not len(trace):
        raise LabError("the trace has no events: there is nothing to show")
    if len(trace) > MOST_RECORDS:
        raise LabError(f"the trace has {len(trace):,} events, and a page shows {MOST_RECORDS:,} at most: make the ring smaller with trace_kib=")
    return {"format": ring.format, "records": base64.b64encode(ring.records).decode(), "lost": trace.lost,
            "tscPerTick": trace.tsc_per_tick, "bootTsc": ring.boot_tsc, "title": title_of(trace), "about": _about(trace), "sources": sources(trace, elf)}


def _embedded(text: str) -> str:
    """Text that cannot end the script element that it is in."""
    return text.replace("<", "\\u003c")


def check_page(path: Path) -> None:
    """Refuse to write a page over a file that is no page: one may have forgotten to name it, before a memory file."""
    if path.is_file():
        with path.open("rb") as file:
            if (begin := file.read(len(BEGIN))) and begin != BEGIN:
                raise LabError(f"{path} exists and is no page: name the file to write first, as in --html out.html {path}")


def together(sources: Sequence[str], elves: Sequence[Path]) -> list[dict[str, Any]]:
    """Two runs of one program as the scripts read them; the n-th source is of the n-th kernel, or all are of the only one."""
    kernels = elves if len(elves) > 1 else [*elves] * len(sources)
    runs = [data(load_ring(source, elf), elf) for source, elf in zip(sources, kernels)]
    if len(titles := {run["title"] for run in runs}) > 1:
        raise LabError(f"two runs of the same program can be compared: {' and '.join(sources)} have {' and '.join(sorted(titles))}")
    return runs


def page(runs: list[dict[str, Any]]) -> str:
    """The page that shows these runs: two of them side by side."""
    titles = list(dict.fromkeys(run["title"] for run in runs))
    parts = {"TITLE": html.escape(" and ".join(titles)), "VIEWS": (PAGE / "views.html").read_text(encoding="utf-8"),
             "STYLE": (PAGE / "style.css").read_text(encoding="utf-8"),
             "DATA": "\n".join(f'<script type="application/json">{_embedded(json.dumps(run))}</script>' for run in runs),
             "SCRIPTS": "\n".join(f"<script>\n{(PAGE / f'{name}.js').read_text(encoding='utf-8')}</script>" for name in SCRIPTS)}
    return re.sub("@([A-Z]+)@", lambda found: parts[found[1]], (PAGE / "page.html").read_text(encoding="utf-8"))
