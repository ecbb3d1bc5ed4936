// SPDX-License-Identifier: MIT
"use strict";
/*
 * frames - every page frame of the machine as a small square, in the colour of its owner: the array of frames as it is now.
 */

const FRAME_COLOURS = {reserved: "disk", free: "untouched", user: "private", shared: "shared", cache: "cache", pgtable: "RUNNING",
  kstack: "ZOMBIE", heap: "alone", other: "readonly"};
const PAGE_BYTES = 4096;

class FrameMap {
  constructor(host, names) {
    this.names = names;
    this.host = host;
    this.canvas = host.querySelector("canvas");
    this.legend = host.querySelector(".legend");
    this.note = host.querySelector(".note");
    this.canvas.addEventListener("pointermove", (event) => this._point(event));
    this.canvas.addEventListener("pointerleave", () => this._say());
    window.addEventListener("resize", () => this.show(this.frames));
    document.getElementById("theme").addEventListener("click", () => setTimeout(() => this.show(this.frames)));
  }

  show(frames) {
    this.frames = frames;
    if (!frames) return;
    const width = Math.max(160, this.canvas.parentElement.clientWidth), ratio = window.devicePixelRatio || 1, n = frames.owners.length;
    const square = this.square = width < 500 ? 4 : 5;
    this.columns = Math.floor(width / square);
    const height = Math.ceil(n / this.columns) * square, pen = this.canvas.getContext("2d");
    Object.assign(this.canvas, {width: width * ratio, height: height * ratio});
    Object.assign(this.canvas.style, {width: `${width}px`, height: `${height}px`});
    pen.scale(ratio, ratio);
    const colours = this.names.map((name) => colour(FRAME_COLOURS[name] || "readonly")), rim = colour("line"), ink = colour("ink");
    const totals = this.names.map(() => 0);
    for (let i = 0; i < n; i++) {
      const owner = frames.owners[i], x = (i % this.columns) * square, y = Math.floor(i / this.columns) * square;
      totals[owner]++;
      pen.fillStyle = rim;
      pen.fillRect(x, y, square, square);
      pen.fillStyle = colours[owner];
      pen.fillRect(x, y, square - 1, square - 1);
      if (frames.counts[i] > 1) {
        pen.fillStyle = ink;
        pen.fillRect(x + 1, y + 1, square - 3, square - 3);
      }
    }
    this._totals(totals);
    this._say();
  }

  _totals(totals) {
    const key = totals.join();
    if (shows(this, key)) return;
    this.legend.replaceChildren(...this.names.flatMap((name, owner) => (totals[owner] ? [make("span", {},
      make("i", {class: "square", style: `background:var(--${FRAME_COLOURS[name] || "readonly"})`}), `${totals[owner]} ${name}`)] : [])),
      make("span", {}, make("i", {class: "square many"}), "more than one reference"));
  }

  _point(event) {
    const box = this.canvas.getBoundingClientRect();
    const i = Math.floor((event.clientY - box.top) / this.square) * this.columns + Math.floor((event.clientX - box.left) / this.square);
    if (this.frames && i >= 0 && i < this.frames.owners.length)
      this._say(`frame ${hex(i)} at ${hex(i * PAGE_BYTES)}: ${this.names[this.frames.owners[i]]}, ${many(this.frames.counts[i], "reference")}`);
  }

  _say(text) {
    this.note.textContent = text || `${this.frames ? this.frames.owners.length : 0} frames of 4 KiB, now; point at one`;
  }
}
