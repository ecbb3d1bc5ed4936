// SPDX-License-Identifier: MIT
"use strict";
/*
 * pagemap - the pages of a few processes side by side, and the frames that their page-table entries name.
 *
 * A row is a page, or neighbouring pages that look alike; a column is a process. A line leads from an entry along the
 * lane below its row to the frame. So a page that two processes share is two cells with lines to one frame, and after
 * the copy there are two frames.
 */

const HEIGHT = 26, LANE = 8, HEAD = 44, MOST_ROWS = 200;
const WIDE = {label: 170, column: 132, cell: 108, frame: 104, gap: 20, title: 130};   // widths
const NARROW = {label: 78, column: 86, cell: 76, frame: 80, gap: 2, title: 80};
const NARROW_PIXELS = 640, TITLE = "bold 13px system-ui, 'DejaVu Sans', sans-serif";
const LANES = ["wire", "wire b", "wire c"];
const CELL_WORDS = {untouched: "untouched", private: "private", cow: "until written", alone: "alone, r/o", readonly: "read-only",
  cache: "program", shared: "shared mem.", disk: "on disk", stored: "on disk"};
const VM_EXEC = 4, USERTOP_PAGE = 0xb0000, MAPPINGS_PAGE = 0x40000;

// Whether a process has pages that no event tells of, because the ring has lost them.
const pagesUnknown = ({i, lost}, life) => Boolean(lost) && life.pid > INIT && (life.exit < 0 || i < life.exit);

class PageMap {
  constructor(host, lives) {
    this.lives = lives;
    this.note = host.querySelector(".note");
    this.host = host.querySelector(".drawing");
    const legend = host.querySelector(".legend");
    for (const [kind, words] of Object.entries(KINDS)) if (kind !== "stored") legend.append(swatch(kind, words));
    this.resized();
    legend.append(make("span", {}, "double frame: in a page table that processes share"));
  }

  resized() {
    this.width = this.host.clientWidth;
    this.size = this.width < NARROW_PIXELS ? NARROW : WIDE;
  }

  // The processes to show: the chosen one, those the event is about, its parent and those that share pages with it.
  _columns(moment) {
    const {life, world, i} = moment, most = Math.max(2, Math.min(4, Math.floor((this.width - this.size.label - this.size.frame * 1.5) / this.size.column)));
    const alive = (one) => one && world.spaces.has(one.pid) && one.stateAt(i) && one.stateAt(i) !== "GONE";
    const near = [life, this.lives.actors[i], this.lives.about.get(i), life.parent, ...life.children.slice().reverse(),
      ...(life.parent ? life.parent.children : [])];
    const chosen = [...new Set(near.filter(alive))];
    const shown = chosen.slice(0, most);
    return {shown: shown.sort((a, b) => a.row - b.row), left: chosen.length - shown.length};
  }

  show(moment) {
    const {shown, left} = this._columns(moment);
    this.note.textContent = this._note(moment, shown, left);
    if (!shown.length) {
      this.shown = "";
      this.host.replaceChildren();
      return;
    }
    const rows = this._rows(moment, shown);
    const key = [this.width, moment.life.row, moment.running, moment.actor, ...shown.map((life) => `${life.title(moment.i)} ${life.stateAt(moment.i)}`),
      ...rows.map((row) => [row.start, row.end, row.look, row.frames])];
    if (shows(this, key.join(";"))) return;
    this.host.replaceChildren(this._draw(moment, shown, rows));
  }

  _note(moment, shown, left) {
    const {life, world, i, hasPages} = moment;
    if (!hasPages) return "This kernel's trace does not tell which frame a page has: build it with the events map and page.";
    const space = world.spaces.get(life.pid);
    const words = [];
    if (!space) words.push(pagesUnknown(moment, life) ? `The pages of ${life.title(i)} are not known: the ring has lost the events that tell them.`
      : `${life.title(i)} has no user memory at this moment.`);
    if (shown.some((one) => !world.spaces.get(one.pid).whole)) words.push("Older pages of these processes are not known: the ring has lost those events.");
    if (left > 0) words.push(`${left} more processes of the family are not shown; select one to see it.`);
    return words.join(" ");
  }

  // ---- rows ----

  _rows(moment, shown) {
    const spaces = shown.map((life) => moment.world.spaces.get(life.pid));
    const bounds = new Set();
    for (const space of spaces) for (const {start, end} of space.regions) bounds.add(start).add(end);
    const used = new Set(spaces.flatMap((space) => [...space.tables.values()].flatMap((table) => [...table.entries.keys()])));
    const stored = [...moment.world.stored.keys()].map((key) => Number(key.split(" ")[1]));
    for (const page of stored) used.add(page);
    const touched = moment.touched;
    const points = [...new Set([...bounds, ...[...used].flatMap((page) => [page, page + 1]), ...(touched ? [touched, touched + 1] : [])])];
    points.sort((a, b) => a - b);
    const rows = [];
    for (let n = 0; n + 1 < points.length; n++) {
      const row = this._row(moment, spaces, points[n], points[n + 1]);
      if (!row) continue;
      const last = rows[rows.length - 1];
      if (last && last.end === row.start && last.look === row.look) Object.assign(last, {end: row.end, pages: last.pages + row.pages});
      else rows.push(row);
    }
    return rows;
  }

  // Pages [start, end), which look alike; null if they are in no region.
  _row({sharing, touched}, spaces, start, end) {
    const regions = spaces.map((space) => space.region(start));
    const cells = spaces.map((space, n) => (regions[n] || space.entry(start) ? sharing.page(space, start) : null));
    if (!cells.some(Boolean)) return null;
    const frames = [...new Set(cells.filter((cell) => cell && (cell.frame || cell.slot)).map((cell) => (cell.frame ? `f${cell.frame}` : `s${cell.slot}`)))];
    const lanes = cells.map((cell) => (cell && (cell.frame || cell.slot) ? frames.indexOf(cell.frame ? `f${cell.frame}` : `s${cell.slot}`) : -1));
    const region = regions.find(Boolean), isTouched = touched !== null && start <= touched && touched < end;
    const counts = frames.map((key) => (key[0] === "f" ? sharing.count(Number(key.slice(1))) : sharing.slots.get(Number(key.slice(1)))?.entries || 0));
    const look = [isTouched ? start : "", region ? region.start : "", counts.join(),
      ...cells.map((cell, n) => (cell ? `${cell.kind}${cell.rights}${cell.byTable}${lanes[n]}${cell.pids}` : "-"))].join("|");
    return {start, end, pages: end - start, cells, frames, lanes, counts, region, isTouched, look};
  }

  static regionName(region) {
    if (!region) return "";
    if (region.flags & VM_SHARED) return "shared memory";
    if (region.object) return region.flags & VM_WRITE ? "data" : region.flags & VM_EXEC ? "code" : "constants";
    return region.end === USERTOP_PAGE ? "stack" : region.start >= MAPPINGS_PAGE ? "mapping" : "heap";
  }

  // ---- drawing ----

  _draw(moment, shown, rows) {
    const {defs, fill, head} = fills();
    const drawn = rows.slice(0, MOST_ROWS);
    this.frame = Math.max(this.size.frame, ...drawn.flatMap((row) => row.frames.map((key, lane) => this._frameWidth(row, key, lane))));
    const most = Math.max(1, ...drawn.map((row) => row.frames.length));
    const width = this.size.label + shown.length * this.size.column + this.size.gap + Math.max(most * this.frame, this.size.title);
    const parts = [...this._heads(moment, shown)];
    let y = HEAD;
    for (const row of drawn) {
      const height = HEIGHT + 6 + LANE * Math.max(1, row.frames.length);
      parts.push(...this._drawRow(row, shown, moment.actor, y, fill, head));
      y += height;
    }
    if (rows.length > drawn.length) {
      parts.push(svgText(4, y + 16, `${rows.length - drawn.length} more rows are not drawn; the table below has all`, {class: "small"}));
      y += 24;
    }
    const label = `${shown.map((life) => life.title(moment.i)).join(", ")}: ${rows.length} rows of pages; the tables below say the same in words`;
    return svg("svg", {width, height: y + 4, viewBox: `0 0 ${width} ${y + 4}`, role: "img", "aria-label": label}, defs, ...parts);
  }

  _heads({i, life, running}, shown) {
    const heads = [svgText(4, 32, "address", {class: "small"}), svgText(this.size.label + shown.length * this.size.column + 24, 32, this.size === WIDE ? "frame × references" : "frame", {class: "small"})];
    shown.forEach((one, n) => {
      const x = this.size.label + n * this.size.column;
      heads.push(svgText(x, 16, shortened(one.title(i), this.size.cell + 2, TITLE), {class: one === life ? "strong" : ""}),
        svgText(x, 32, `${one.pid === running ? "▶ " : ""}${(one.stateAt(i) || "").toLowerCase()}`, {class: "small"}));
      if (one === life) heads.push(svg("rect", {x: x - 5, y: 2, width: this.size.cell + 10, height: HEAD - 8, rx: 5, fill: "none", style: "stroke:var(--mark)", "stroke-width": 2}));
    });
    return heads;
  }

  _drawRow(row, shown, running, y, fill, head) {
    const parts = [
      svgText(4, y + 12, hex(row.start * 4096), {class: "mono"}),
      svgText(4, y + 25, `${PageMap.regionName(row.region)}${row.pages > 1 ? (this.size === WIDE ? ` · ${row.pages} pages` : ` ×${row.pages}`) : ""}`, {class: "small"}),
    ];
    const right = this.size.label + shown.length * this.size.column + this.size.gap;
    row.cells.forEach((cell, n) => {
      if (!cell) return;
      const x = this.size.label + n * this.size.column, lane = row.lanes[n];
      if (lane >= 0) parts.push(this._wire(x, y, lane, right, head));
      parts.push(this._cell(cell, x, y, row.isTouched && shown[n].pid === running, fill));
    });
    row.frames.forEach((key, lane) => parts.push(this._frame(row, key, lane, right + lane * this.frame, y)));
    return parts;
  }

  _wire(x, y, lane, right, head) {
    const from = x + 16 + 10 * lane, below = y + HEIGHT + 5 + LANE * lane, to = right + lane * this.frame + 22;
    return svg("path", {class: LANES[Math.min(lane, 2)], d: `M${from} ${y + HEIGHT}V${below}H${to}V${y + HEIGHT + 1}`, "marker-end": head});
  }

  _cell(cell, x, y, touched, fill) {
    const inverse = cell.kind === "disk" || cell.kind === "stored";
    const classes = ["cell", cell.kind === "untouched" && "untouched", touched && "touched"].filter(Boolean).join(" ");
    const plain = cell.kind === "untouched" ? "none" : fill(cell.kind);
    const rights = {w: "rw", c: "r, c-o-w", r: "r"}[cell.rights] || "";
    const words = `${CELL_WORDS[cell.kind]}`;
    const others = cell.pids.length ? `, also of ${cell.pids.slice(0, 20).join(" ")}${cell.pids.length > 20 ? " ..." : ""}` : "";
    return svg("g", {}, svg("title", {}, `${KINDS[cell.kind]}${rights && `, ${rights}`}${cell.byTable ? ", by a shared page table" : ""}${others}`),
      svg("rect", {x, y, width: this.size.cell, height: HEIGHT, rx: 3, class: classes, fill: plain}),
      cell.byTable ? svg("rect", {x: x + 3, y: y + 3, width: this.size.cell - 6, height: HEIGHT - 6, rx: 2, fill: "none", class: "cell"}) : null,
      svgText(x + this.size.cell / 2, y + 17, words, {"text-anchor": "middle", class: `${inverse ? "inverse" : ""} ${this.size === WIDE ? "" : "narrow"}`,
        style: inverse || cell.kind === "untouched" ? "" : `paint-order:stroke;stroke:var(--${cell.kind});stroke-width:4px`}));
  }

  // What stands in the box of a frame or a slot, before the number of references.
  _frameName(row, key) {
    const number = Number(key.slice(1));
    return (key[0] === "s" ? `slot ${number}` : this.size === WIDE ? hex(number) : number.toString(16)) + (row.pages > 1 ? "…" : "");
  }

  // The room that it takes: an upper bound for the fonts of .mono and .strong.
  _frameWidth(row, key, lane) {
    return 35 + 7.3 * this._frameName(row, key).length + 9.2 * `×${row.counts[lane]}`.length;
  }

  _frame(row, key, lane, x, y) {
    const isSlot = key[0] === "s", number = Number(key.slice(1)), count = row.counts[lane];
    return svg("g", {}, svg("title", {}, isSlot ? `slot ${number} on the disk, with ${count} references` : `frame ${hex(number)}, with ${count} references`),
      svg("rect", {x, y: y + 1, width: this.frame - 14, height: HEIGHT - 1, rx: isSlot ? 12 : 0, class: `box ${isSlot ? "disk" : ""}`}),
      svgText(x + 7, y + 17, this._frameName(row, key), {class: isSlot ? "mono inverse" : "mono"}),
      svgText(x + this.frame - 20, y + 17, `×${count}`, {"text-anchor": "end", class: isSlot ? "strong inverse" : "strong"}));
  }
}
