# SPDX-License-Identifier: MIT
"""Drawings as SVG text: pages at some moments, lives over time, a map of memory.

The same input is the same text. Each shape has a colour, a pattern or height, and a word, so that a drawing can be read in black
and white; it has its own paper, for light and for dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

STYLE = """<style>
svg { font: 13px system-ui, "DejaVu Sans", sans-serif; --paper: #fff; --ink: #14181f; --soft: #5a6472; --line: #c9d0d9; --mark: #b84e00;
  --private: #bfe2f7; --until-written: #f5c869; --program: #a8dfc8; --on-disk: #dcdfe4; --running: #0072b2; --zombie: #e3ac86; }
@media (prefers-color-scheme: dark) { svg { --paper: #12151a; --ink: #eef1f5; --soft: #a3adba; --line: #3a434f; --mark: #ff8a3c;
  --private: #205a80; --until-written: #7d5500; --program: #155f49; --on-disk: #454c56; --running: #4fb3ef; --zombie: #7d4720; } }
.paper { fill: var(--paper); } text { fill: var(--ink); } .soft { fill: var(--soft); font-size: 12px; } .bold { font-weight: bold; }
.box { fill: none; stroke: var(--ink); } .table { fill: none; stroke: var(--soft); stroke-dasharray: 4 3; } .none { fill: none; stroke: var(--line); stroke-dasharray: 3 3; }
.wire { fill: none; stroke: var(--ink); } .arrow { fill: none; stroke: var(--mark); stroke-width: 1.5; marker-end: url(#head); }
.head { fill: var(--mark); } .hatch { stroke: var(--ink); fill: none; opacity: .5; }
.private { fill: var(--private); } .until-written { fill: url(#slant); } .program { fill: url(#grid); } .on-disk { fill: var(--on-disk); }
.on { paint-order: stroke; stroke-width: 4px; stroke-linejoin: round; } .on.until-written { fill: var(--ink); stroke: var(--until-written); } .on.program { fill: var(--ink); stroke: var(--program); }
.on.private, .on.on-disk { fill: var(--ink); stroke: none; } .on.sleeping { fill: var(--ink); stroke: var(--paper); }
.running { fill: var(--running); } .ready { fill: var(--line); } .sleeping { fill: url(#sleep); stroke: var(--line); } .zombie { fill: var(--zombie); stroke: var(--ink); }
</style>
<defs>
<pattern id="slant" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" style="fill:var(--until-written)"/><path class="hatch" d="M0 8L8 0"/></pattern>
<pattern id="grid" width="8" height="6" patternUnits="userSpaceOnUse"><rect width="8" height="6" style="fill:var(--program)"/><path class="hatch" d="M0 3h8"/></pattern>
<pattern id="sleep" width="6" height="6" patternUnits="userSpaceOnUse"><path class="hatch" d="M0 6L6 0"/></pattern>
<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker>
</defs>"""
STYLES = f'<svg width="0" height="0">{STYLE}</svg>'  # for a page with drawings that are inline()
IN_FILE = ' xmlns="http://www.w3.org/2000/svg"'
LABEL, CELL, COLUMN, FRAME, GAP, MOST = 100, 86, 94, 54, 22, 880  # widths
HEADS, GROUP, ROW = 46, 20, 38                         # heights
LIFE = 44                                              # of a row in a drawing of lives


@dataclass
class Drawing:
    """Shapes on a paper of this size."""
    width: float = 0
    height: float = 0
    shapes: list[str] = field(default_factory=list)

    def reach(self, x: float, y: float) -> None:
        self.width, self.height = max(self.width, x), max(self.height, y)

    def text(self, x: float, y: float, words: str, kind: str = "", middle: bool = False) -> None:
        anchor = ' text-anchor="middle"' if middle else ""
        self.shapes.append(f'<text x="{x:g}" y="{y:g}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}{anchor}>{escape(words)}</text>')

    def box(self, x: float, y: float, width: float, height: float, kind: str, round_by: float = 0) -> None:
        self.reach(x + width, y + height)
        self.shapes.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" class="{kind}"{f" rx={chr(34)}{round_by:g}{chr(34)}" if round_by else ""}/>')

    def path(self, way: str, kind: str) -> None:
        self.shapes.append(f'<path class="{kind}" d="{way}"/>')

    def part(self) -> str:
        """The shapes, for a picture."""
        return "\n".join(self.shapes)


def picture(parts: Sequence[tuple[str, Drawing]], words: str) -> str:
    """An SVG file that shows drawings one below the other, each with its title; `words` say what is to be seen."""
    width, y, placed = max(drawing.width for _, drawing in parts) + 24, 12.0, []
    for title, drawing in parts:
        if title:
            placed.append(f'<text x="12" y="{y + 14:g}" class="bold">{escape(title)}</text>')
            y += 26
        placed.append(f'<g transform="translate(12 {y:g})">\n{drawing.part()}\n</g>')
        y += drawing.height + 18
    return "\n".join([f'<svg{IN_FILE} width="{width:g}" height="{y:g}" viewBox="0 0 {width:g} {y:g}" role="img">',
                      f"<title>{escape(words)}</title>", STYLE, f'<rect class="paper" width="{width:g}" height="{y:g}"/>', *placed, "</svg>", ""])


def inline(drawing: Drawing, words: str) -> str:
    """A drawing in a page of HTML, which has STYLES once."""
    return picture([("", drawing)], words).replace(IN_FILE, "").replace(STYLE, "")


# ---- pages ----

@dataclass(frozen=True)
class Cell:
    """A page of a process: the kind, and the frame or slot that its entry names, with references; "": none."""
    kind: str = "untouched"
    place: str = ""
    references: int = 0
    table: str = ""          # the page table that has the entry
    directories: int = 0     # how many have that table


@dataclass(frozen=True)
class Moment:
    """The pages of some processes at a moment: a list of cells for each, None where it has no region."""
    title: str
    processes: list[str]
    pages: list[list[Cell | None]]

    def places(self, row: int) -> list[str]:
        """The frames and slots of a page."""
        return list(dict.fromkeys(cells[row].place for cells in self.pages if cells[row] and cells[row].place))  # type: ignore[union-attr]

    @property
    def width(self) -> int:
        frames = max(len(self.places(row)) for row in range(len(self.pages[0])))
        return max(len(self.processes) * COLUMN + 6 + frames * FRAME - 8, 8 * len(self.title))


def pages_over_time(rows: Sequence[tuple[str, str]], tables: Sequence[int], moments: Sequence[Moment]) -> Drawing:
    """`rows` are addresses and names of pages, `tables` the number of the table of each. Frames and tables get short names, in the order in which they appear."""
    drawing, names, x, y, tops = Drawing(), Names(), float(MOST), 0.0, [0.0]
    for moment in moments:
        if x + moment.width > MOST:
            x, y = float(LABEL), drawing.height
            tops = _rows(drawing, y + HEADS, rows, tables)
        drawing.text(x, y + 14, moment.title, "bold")
        for n, process in enumerate(moment.processes):
            drawing.text(x + n * COLUMN, y + 34, process)
        _moment(drawing, names, x, tops, tables, moment)
        x += moment.width + GAP
    return drawing


def _rows(drawing: Drawing, y: float, rows: Sequence[tuple[str, str]], tables: Sequence[int]) -> list[float]:
    """Draw what stands before the rows; returns where each begins. There is room above the first row of each table."""
    tops = []
    for n, table in enumerate(tables):
        y += GROUP if n == 0 or tables[n - 1] != table else 0
        tops.append(y)
        drawing.text(0, y + 11, rows[n][0])
        drawing.text(0, y + 25, rows[n][1], "soft")
        y += ROW
    drawing.reach(LABEL, y + 10)
    return tops


class Names:
    """Short names, by what they stand for: A, B ... for frames; numbers for tables."""

    def __init__(self) -> None:
        self._given: dict[str, dict[str, int]] = {}

    def of(self, kind: str, key: str) -> int:
        given = self._given.setdefault(kind, {})
        return given.setdefault(key, len(given))

    def frame(self, key: str) -> str:
        return f"slot {self.of('slot', key) + 1}" if key.startswith("slot") else chr(ord("A") + self.of("frame", key))


def _moment(drawing: Drawing, names: Names, x: float, tops: Sequence[float], tables: Sequence[int], moment: Moment) -> None:
    """Draw the pages of a moment from x on."""
    frames = x + len(moment.processes) * COLUMN + 6
    for row, top in enumerate(tops):
        cells = [cells[row] for cells in moment.pages]
        if row == 0 or tables[row - 1] != tables[row]:
            _tables(drawing, names, x, top - GROUP, sum(table == tables[row] for table in tables), cells)
        places = moment.places(row)
        for n, cell in enumerate(cells):
            if cell:
                _cell(drawing, x + n * COLUMN, top, cell, frames, places)
        for n, place in enumerate(places):
            count = next(cell.references for cell in cells if cell and cell.place == place)
            left = frames + n * FRAME
            drawing.box(left, top, FRAME - 8, 24, "on-disk" if place.startswith("slot") else "box", 10 if place.startswith("slot") else 0)
            drawing.text(left + (FRAME - 8) / 2, top + 16, names.frame(place) + (f" ×{count}" if not place.startswith("slot") else ""), "bold", True)


def _tables(drawing: Drawing, names: Names, x: float, y: float, rows: int, cells: Sequence[Cell | None]) -> None:
    """A frame around the cells of each page table: one frame for processes that share it."""
    for n, cell in enumerate(cells):
        if not cell or not cell.table or (n and cells[n - 1] and cells[n - 1].table == cell.table):  # type: ignore[union-attr]
            continue
        wide = sum(1 for other in cells if other and other.table == cell.table)
        drawing.box(x + n * COLUMN - 3, y, (wide - 1) * COLUMN + CELL + 6, GROUP + rows * ROW - 6, "table", 4)
        drawing.text(x + n * COLUMN, y + 14, f"table {names.of('table', cell.table) + 1}" + (f" ×{cell.directories}" if cell.directories > 1 else ""), "soft")


def _cell(drawing: Drawing, x: float, y: float, cell: Cell, frames: float, places: Sequence[str]) -> None:
    kind = {"untouched": "none"}.get(cell.kind, cell.kind.replace(" ", "-"))
    drawing.box(x, y, CELL, 24, kind, 3)
    if kind != "none":
        drawing.box(x, y, CELL, 24, "box", 3)
    drawing.text(x + CELL / 2, y + 16, cell.kind, "soft" if kind == "none" else f"on {kind}", True)
    if cell.place:
        lane = places.index(cell.place)
        drawing.path(f"M{x + 12 + 8 * lane:g} {y + 24:g}v{4 + 4 * lane}H{frames + lane * FRAME + 20:g}v-{4 + 4 * lane}", "wire")


# ---- lives ----

@dataclass(frozen=True)
class Slice:
    """A state of a process, from one place to another, which are widths."""
    state: str
    start: float
    end: float
    word: str = ""


@dataclass(frozen=True)
class Arrow:
    """What one process did to another; or with the same row twice, alone."""
    word: str
    source: int
    target: int
    at: float


HEIGHTS = {"running": (0, 22), "ready": (8, 6), "sleeping": (3, 16), "zombie": (3, 16)}  # of a slice: from its row's top, and its own


def lives(rows: Sequence[tuple[str, Sequence[Slice]]], arrows: Sequence[Arrow]) -> Drawing:
    """A row for each process with its states over time, and arrows between them."""
    drawing = Drawing()
    for n, (name, slices) in enumerate(rows):
        top = 22 + n * LIFE
        drawing.text(0, top + 16, name)
        for one in slices:
            down, height = HEIGHTS[one.state]
            drawing.box(LABEL + one.start, top + down, one.end - one.start, height, one.state)
            if one.word and one.end - one.start > 7 * len(one.word) + 8:
                drawing.text(LABEL + one.start + 5, top + 16, one.word, "on sleeping")
    for arrow in arrows:
        x, source, target = LABEL + arrow.at, 22 + arrow.source * LIFE, 22 + arrow.target * LIFE
        if arrow.source != arrow.target:
            drawing.path(f"M{x:g} {source + 22 if target > source else source:g}V{target - 1 if target > source else target + 24:g}", "arrow")
        drawing.text(x + 3, min(source, target) + (36 if arrow.source != arrow.target else -4), arrow.word, "bold")
    y = 22 + len(rows) * LIFE
    for n, (state, word) in enumerate((("running", "running"), ("ready", "ready"), ("sleeping", "sleeping"), ("zombie", "zombie: ended, not yet reaped"))):
        drawing.box(LABEL + n * 100, y + HEIGHTS[state][0] / 2, 24, HEIGHTS[state][1] * 0.7, state)
        drawing.text(LABEL + 30 + n * 100, y + 12, word, "soft")
    drawing.reach(LABEL + 330 + 190, y + 16)
    return drawing


# ---- a map of memory ----

@dataclass(frozen=True)
class Span:
    """A part of the address space; its first address, or "" if that depends on the build."""
    address: str
    words: str
    rights: str
    height: int = 26
    mapped: bool = True


def memory_map(spans: Sequence[Span], top: str) -> Drawing:
    """The spans as a stack, the highest address at its top."""
    drawing, y = Drawing(), 8.0
    drawing.text(0, y + 5, top, "soft")
    for span in spans:
        drawing.box(LABEL, y, 400, span.height, ("private" if "write" in span.rights else "program") if span.mapped else "none")
        drawing.box(LABEL, y, 400, span.height, "box" if span.mapped else "none")
        drawing.text(LABEL + 8, y + span.height / 2 + 5, span.words, "soft" if not span.mapped else "" if "write" in span.rights else "on program")
        drawing.text(LABEL + 410, y + span.height / 2 + 5, span.rights, "soft")
        y += span.height
        drawing.text(0, y + 5, span.address, "soft")
    drawing.reach(LABEL + 570, y + 8)
    return drawing
