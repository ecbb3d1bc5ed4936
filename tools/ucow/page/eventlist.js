// SPDX-License-Identifier: MIT
"use strict";
/*
 * eventlist - the events as lines; only those that are visible are elements.
 */

const LINE = 22;

class EventList {
  constructor(host, trace, lives, act) {
    this.trace = trace;
    this.lives = lives;
    this.scroll = host.querySelector(".scroll");
    this.space = host.querySelector(".space");
    this.grown();
    this.top = 0;
    this.rows = new Map();  // event -> its element, of those that are visible
    this.scroll.addEventListener("scroll", () => {
      this.top = this.scroll.scrollTop;
      this.redraw();
    });
    this.resized();
    this.space.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) act.go(Number(row.dataset.event));
    });
  }

  // The trace has more events than before.
  grown() {
    this.space.style.height = `${this.trace.length * LINE}px`;
    this.digits = String(this.trace.lost + this.trace.length).length;
  }

  resized() {
    this.height = this.scroll.clientHeight || 300;
  }

  // Scroll to the chosen event.
  prepare({i}) {
    const top = i * LINE;
    if (top >= this.top + LINE && top <= this.top + this.height - 3 * LINE) return;
    this.top = Math.max(0, Math.min(top - this.height / 2, this.trace.length * LINE - this.height));
    this.scroll.scrollTop = this.top;
  }

  show(moment) {
    this.moment = moment;
    this.redraw();
  }

  redraw() {
    if (!this.moment) return;
    const first = Math.max(0, Math.floor(this.top / LINE) - 2);
    const last = Math.min(this.trace.length, first + Math.ceil(this.height / LINE) + 4);
    for (const [i, row] of this.rows)
      if (i < first || i >= last || row.dataset.found !== String(this.moment.found(i))) this._remove(i, row);
    for (let i = first; i < last; i++) {
      if (!this.rows.has(i)) this.rows.set(i, this.space.appendChild(this._row(i)));
    }
    for (const [i, row] of this.rows) {
      row.classList.toggle("here", i === this.moment.i);
      row.setAttribute("aria-selected", String(i === this.moment.i));
    }
  }

  _remove(i, row) {
    row.remove();
    this.rows.delete(i);
  }

  _row(i) {
    const depth = " ".repeat(Math.min(8, this.lives.actors[i].depth));
    const number = String(this.trace.lost + i).padStart(this.digits), who = this.lives.actors[i].title(i).padEnd(14).slice(0, 14);
    const row = make("div", {class: `row ${this.moment.found(i) ? "found" : ""}`, role: "option"}, `${number}  ${depth}${who}${" ".repeat(8 - depth.length)} ${this.trace.text(i)}`);
    row.dataset.event = i;
    row.dataset.found = this.moment.found(i);
    row.style.top = `${i * LINE}px`;
    return row;
  }
}
