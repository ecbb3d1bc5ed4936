// SPDX-License-Identifier: MIT
"use strict";
/*
 * timeline - the family as rows, and beside each row the states of the process over time.
 *
 * Time is the order of events, so that a fork is as wide as a long computation, or the clock. Only what is visible is
 * drawn: the part that stepping does not change is kept as a picture.
 */

const ROW = 26, AXIS = 22, HIGHEST = 8000;
const STATE_WORDS = {RUNNING: "running", RUNNABLE: "ready", SLEEPING: "sleeping", ZOMBIE: "zombie"};
const LINK_STYLES = {fork: {dash: []}, reap: {dash: [6, 3]}, kill: {dash: [2, 2]}, wake: {dash: [1, 4]}};

class Timeline {
  constructor(host, trace, lives, act) {
    this.trace = trace;
    this.lives = lives;
    this.act = act;
    this.scroll = host.querySelector(".scroll");
    this.space = host.querySelector(".space");
    this.tree = host.querySelector(".tree");
    this.canvas = host.querySelector("canvas");
    this.byClock = false;
    this.zoom = 0;            // pixels for each event; 0: the whole run fits
    this.left = 0;            // the first position that is visible
    this.picture = null;      // what does not change from step to step
    this._buttons(host.querySelector(".zoom"));
    this._legend(host.querySelector(".legend"));
    this.scroll.addEventListener("scroll", () => {
      this.top = this.scroll.scrollTop;
      this.redraw();
    });
    this.top = 0;
    this.kept = document.createElement("canvas");
    this.canvas.addEventListener("pointerdown", (event) => this._click(event));
    this.resized();
  }

  _buttons(host) {
    const add = (text, label, act) => host.append(make("button", {type: "button", "aria-label": label, title: label, onclick: act}, text));
    add("−", "Zoom out", () => this.scale(0.5));
    add("+", "Zoom in", () => this.scale(2));
    add("all", "The whole run", () => this.scale(0));
    this.clockButton = make("button", {type: "button", onclick: () => this.toggleClock(), title: "What the width means"}, "by event");
    host.append(this.clockButton);
  }

  _legend(host) {
    for (const [state, words] of Object.entries(STATE_WORDS)) {
      const picture = make("canvas", {width: 56, height: 28, style: "width:28px;height:14px;position:static;margin:0 .3rem 0 0;display:inline-block"});
      host.append(make("span", {}, picture, words));
      this.swatches = [...(this.swatches || []), [picture, state]];
    }
    host.append(make("span", {}, "lines: ── fork  ╌╌ reap  ··· kill and wake"));
  }

  toggleClock() {
    this.byClock = !this.byClock;
    this.clockButton.textContent = this.byClock ? "by clock" : "by event";
    this._positions();
    this.picture = null;
    this.show(this.moment);
  }

  scale(factor) {
    const fit = this.width / Math.max(1, this.trace.length);
    this.zoom = factor === 0 ? 0 : Math.min(64, Math.max(fit, (this.zoom || fit) * factor));
    if (this.zoom <= fit) this.zoom = 0;
    this.picture = null;
    this.show(this.moment);
  }

  _positions() {
    const n = this.trace.length, first = this.trace.stamps[0], whole = this.trace.stamps[n - 1] - first || 1;
    this.places = this.byClock ? Float64Array.from(this.trace.stamps.subarray(0, n), (stamp) => ((stamp - first) / whole) * n) : null;
  }

  // Where event i is, from 0 to the number of events.
  _place(i) {
    if (i >= this.trace.length) return this.trace.length;
    return this.places ? this.places[i] : i;
  }

  _eventAt(place) {
    let low = 0, high = this.trace.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this._place(middle) <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  get unit() {
    return this.zoom || this.width / Math.max(1, this.trace.length);
  }

  _x(i) {
    return (this._place(i) - this.left) * this.unit;
  }

  // Fit the drawing to the window, or with `whole` make it as high as all rows: paper does not scroll.
  resized(whole) {
    this.ratio = whole ? 2 : window.devicePixelRatio || 1;
    this.width = Math.max(120, this.scroll.clientWidth - this.tree.offsetWidth);
    const all = AXIS + this.lives.ordered.length * ROW;
    this.space.style.height = `${all}px`;
    this.height = Math.min(all, whole ? HIGHEST : this.scroll.clientHeight || all);
    Object.assign(this.canvas, {width: this.width * this.ratio, height: this.height * this.ratio});
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.recoloured();
  }

  // The trace has more events than before.
  grown() {
    this._positions();
    this.resized();
  }

  recoloured() {
    this.colours = Object.fromEntries(["paper", "ink", "soft", "line", "mark", ...Object.keys(STATE_WORDS)].map((name) => [name, colour(name)]));
    for (const [picture, state] of this.swatches) this._box(picture.getContext("2d"), state, 0, 0, 56, 28);
    this.picture = null;
    if (this.moment) this.show(this.moment);
  }

  show(moment) {
    this.moment = moment;
    const at = this._place(moment.i), visible = this.width / this.unit;
    if (!this.zoom) this.left = 0;
    else if (at < this.left + visible * 0.1 || at > this.left + visible * 0.85) {
      this.left = Math.max(0, Math.min(this.trace.length - visible, at - visible * 0.5));
      this.picture = null;
    }
    this.redraw();
  }

  // Scroll to the chosen process. Comes before anything is drawn: afterwards the browser would have to lay out the page.
  prepare({life}) {
    const top = life.row * ROW, bottom = top + ROW + AXIS - this.height;
    if (top >= this.top && bottom <= this.top) return;
    this.top = Math.max(0, top < this.top ? top : bottom);
    this.scroll.scrollTop = this.top;
  }

  redraw() {
    if (!this.moment) return;
    const {top} = this;
    if (!this.picture || this.picture.top !== top) this.picture = {top, image: this._paint(top)};
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.picture.image, 0, 0);
    pen.scale(this.ratio, this.ratio);
    if (this.moment.life) this._links(pen, this.moment.life.links, this._visibleRows(top), top, ...this._range());
    this._cursor(pen, top);
    this._rows(top);
  }

  // The first and the last event that are visible.
  _range() {
    return [this._eventAt(this.left), this._eventAt(this.left + this.width / this.unit)];
  }

  _visibleRows(top) {
    const first = Math.floor(top / ROW);
    return this.lives.ordered.slice(first, first + Math.ceil(this.height / ROW) + 1);
  }

  _paint(top) {
    const image = this.kept, pen = image.getContext("2d");
    if (image.width !== this.canvas.width || image.height !== this.canvas.height)
      Object.assign(image, {width: this.canvas.width, height: this.canvas.height});
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    const rows = this._visibleRows(top);
    const [from, to] = this._range();
    for (const life of rows) this._bars(pen, life, AXIS + life.row * ROW - top, from, to);
    pen.globalAlpha = 0.25;
    this._links(pen, this.lives.links, rows, top, from, to);
    pen.globalAlpha = 1;
    this._axis(pen, from, to);
    return image;
  }

  _bars(pen, life, y, from, to) {
    pen.fillStyle = this.colours.line;
    pen.fillRect(0, y + ROW - 0.5, this.width, 0.5);
    const stays = life.stays;
    let low = 0, high = stays.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (stays[middle].end < from) low = middle + 1;
      else high = middle;
    }
    let drawn = -1;
    for (let n = low; n < stays.length && stays[n].start <= to; n++) {
      const x = Math.max(0, this._x(stays[n].start)), end = Math.min(this.width, this._x(stays[n].end));
      if (end - drawn < 0.4 && stays[n].state !== "RUNNING") continue; // narrower than what the screen shows
      drawn = end;
      this._box(pen, stays[n].state, x, y + 4, Math.max(end - x, 0.7), ROW - 8);
      this._word(pen, stays[n], x, end, y);
    }
  }

  _word(pen, stay, x, end, y) {
    const words = stay.why ? `${STATE_WORDS[stay.state]} in ${stay.why}` : STATE_WORDS[stay.state];
    if (!words || end - x < 34) return;
    pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    if (pen.measureText(words).width + 6 > end - x) return;
    pen.fillStyle = stay.state === "RUNNING" ? this.colours.paper : this.colours.ink;
    pen.fillText(words, x + 4, y + ROW / 2 + 4);
  }

  // A state has a colour and, for print in black and white, a form: full, thin, hatched, crossed.
  _box(pen, state, x, y, width, height) {
    const thin = state === "RUNNABLE" || state === "UNINIT" ? height * 0.25 : 0;
    pen.fillStyle = this.colours[state] || this.colours.paper;
    pen.fillRect(x, y + thin, width, height - 2 * thin);
    if (width < 3) return;
    pen.save();
    pen.beginPath();
    pen.rect(x, y + thin, width, height - 2 * thin);
    pen.lineWidth = 1;
    pen.strokeStyle = this.colours.ink;
    pen.stroke();
    pen.clip();
    pen.globalAlpha = 0.35;
    pen.beginPath();
    if (state === "SLEEPING" || state === "ZOMBIE") {
      for (let at = x - height; at < x + width; at += 9) {
        pen.moveTo(at, y + height);
        pen.lineTo(at + height, y);
        if (state === "ZOMBIE") pen.moveTo(at, y), pen.lineTo(at + height, y + height);
      }
    }
    pen.stroke();
    pen.restore();
  }

  // The lines between processes. Of those that fall on the same pixel one is drawn.
  _links(pen, links, rows, top, from, to) {
    if (!rows.length) return;
    const first = rows[0].row, last = rows[rows.length - 1].row, drawn = new Set();
    pen.strokeStyle = pen.fillStyle = this.colours.ink;
    for (const {kind, from: source, at, to: target, until} of links) {
      const event = kind === "fork" ? at : until;
      if (event < from || event > to || Math.max(source.row, target.row) < first || Math.min(source.row, target.row) > last) continue;
      const x = this._x(event), pixel = `${Math.round(x)} ${kind}`;
      if (drawn.has(pixel)) continue;
      drawn.add(pixel);
      this._link(pen, kind, x, AXIS + source.row * ROW - top + ROW / 2, AXIS + target.row * ROW - top + ROW / 2);
    }
  }

  _link(pen, kind, x, up, down) {
    const way = Math.sign(down - up) * 5;
    pen.setLineDash(LINK_STYLES[kind].dash);
    pen.lineWidth = kind === "fork" ? 1.6 : 1.1;
    pen.beginPath();
    pen.moveTo(x, Math.max(-10, Math.min(this.height + 10, up)));
    pen.lineTo(x, Math.max(-10, Math.min(this.height + 10, down)));
    pen.stroke();
    pen.setLineDash([]);
    pen.beginPath();
    pen.moveTo(x, down);
    pen.lineTo(x - 3, down - way);
    pen.lineTo(x + 3, down - way);
    pen.fill();
  }

  _axis(pen, from, to) {
    pen.fillStyle = this.colours.paper;
    pen.fillRect(0, 0, this.width, AXIS);
    pen.fillStyle = this.colours.soft;
    pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    const steps = Math.max(1, Math.floor(this.width / 130));
    for (let n = 0; n < steps; n++) {
      const i = this._eventAt(this.left + (n * this.width) / steps / this.unit);
      const x = this._x(i);
      if (x < 0 || i < from || i > to) continue;
      pen.fillText(`${(this.trace.time(i) / 1000).toFixed(3)} ms`, x + 3, 14);
      pen.fillRect(x, 3, 1, AXIS - 5);
    }
    pen.fillRect(0, AXIS - 1, this.width, 1);
  }

  _cursor(pen, top) {
    const x = this._x(this.moment.i);
    pen.strokeStyle = pen.fillStyle = this.colours.mark;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x, 2);
    pen.lineTo(x, this.height);
    pen.stroke();
    pen.fillRect(x - 4, 0, 8, 6);
    const actor = this.lives.actors[this.moment.i];
    pen.beginPath();
    pen.arc(x, AXIS + actor.row * ROW - top + ROW / 2, 5, 0, 7);
    pen.fill();
    pen.strokeStyle = this.colours.paper;
    pen.stroke();
  }

  // ---- the family ----

  _rows(top) {
    const {i} = this.moment;
    const lives = this._visibleRows(top);
    const keys = lives.map((life) => [life.row, life.stateAt(i), life === this.moment.life, life.nameAt(i), JSON.stringify(this.moment.counts(life))].join());
    if (shows(this, keys.join(";"))) return;
    this.tree.replaceChildren(...lives.map((life) => this._row(life, i)));
  }

  _row(life, i) {
    const state = life.stateAt(i), unborn = state === null;
    const classes = ["row", unborn && "unborn", state === "GONE" && "gone", life === this.moment.life && "chosen"].filter(Boolean).join(" ");
    const words = unborn ? "not yet" : state.toLowerCase();
    const row = make("button", {type: "button", class: classes, role: "option", "aria-selected": String(life === this.moment.life),
      "aria-label": `process ${life.title(i)}, ${words}`, tabIndex: -1, title: `${life.title(i)}: ${words}`,
      onclick: () => this.act.choose(life)},
      make("span", {class: "branch", "aria-hidden": "true"}, this._branch(life)), make("span", {class: "name"}, life.title(i)),
      unborn || state === "GONE" ? null : this._bar(life), unborn || state === "GONE" ? null : make("span", {class: "badge"}, words));
    row.style.top = `${AXIS + life.row * ROW}px`;
    row.style.height = `${ROW}px`;
    return row;
  }

  _branch(life) {
    if (!life.parent) return "";
    const youngest = (one) => one.parent.children[one.parent.children.length - 1] === one;
    let text = youngest(life) ? "└" : "├";
    for (let above = life.parent; above.parent; above = above.parent) text = (youngest(above) ? " " : "│") + text;
    return text.length > 9 ? `${life.depth}·${text.slice(-6)}` : text;
  }

  // How many pages it has of each kind, as a strip.
  _bar(life) {
    const counts = this.moment.counts(life);
    if (!counts) return null;
    const entries = Object.entries(counts).filter(([, n]) => n);
    const total = entries.reduce((sum, [, n]) => sum + n, 0);
    const width = Math.min(70, 6 + 7 * Math.log2(1 + total));
    return make("span", {class: "bar", title: entries.map(([kind, n]) => `${n} ${KINDS[kind]}`).join(", ")},
      ...entries.map(([kind, n]) => make("i", {style: `width:${(width * n) / total}px;background:var(--${kind})`})));
  }

  _click(event) {
    const box = this.canvas.getBoundingClientRect();
    const i = this._eventAt(this.left + (event.clientX - box.left) / this.unit);
    const row = Math.floor((event.clientY - box.top - AXIS + this.scroll.scrollTop) / ROW);
    this.act.go(i, this.lives.ordered[row]);
  }
}
