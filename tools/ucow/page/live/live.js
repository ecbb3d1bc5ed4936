// SPDX-License-Identifier: MIT
"use strict";
/*
 * live - feeds the views of the page from the memory of a machine that runs.
 *
 * The page grows by the records that are new. If the ring has lost some since the last look, or the page has become too
 * large, it begins anew with what the ring has, and says how many are lost.
 */

const LOOK_MS = 250, MOST_EVENTS = 300000;
const SHARE = 3;   // a look that took t ms is followed by a pause of at least SHARE * t

class Live {
  // `title`: what the kernel does in fork.
  constructor(machine, kernel, title, frameMap) {
    this.machine = machine;
    this.kernel = kernel;
    this.title = title;
    this.guest = new Guest(kernel, (address, bytes) => machine.memory(address, bytes));
    this.frameMap = frameMap;
    this.next = 0;           // number of the first record that the page does not have
    this.begins = null;      // header fields that the page was made with
  }

  start() {
    this.stop();
    const look = () => {
      const before = performance.now();
      this.look();
      this.timer = setTimeout(look, Math.max(LOOK_MS, SHARE * (performance.now() - before)));
    };
    look();
  }

  stop() {
    clearTimeout(this.timer);
  }

  // Show what is there now.
  look() {
    this.frameMap.show(this.guest.frames());
    const found = this.guest.since(this.next);
    if (!found || (this.begins && !found.bytes.length)) return;
    const {first, bytes, header} = found, begins = `${header.tsc_per_tick} ${header.boot_tsc}`;
    const goesOn = this.begins === begins && first === this.next && window.page.lead.trace.length + bytes.length / RECORD_BYTES < MOST_EVENTS;
    this.next = first + bytes.length / RECORD_BYTES;
    if (goesOn) window.page.grow(bytes);
    else this._anew(begins);
  }

  _anew(begins) {
    const {first, bytes, header} = this.guest.since(0);
    const {kernel} = this;
    this.begins = begins;
    this.next = first + bytes.length / RECORD_BYTES;
    const run = {format: kernel.format, bytes, lost: first, tscPerTick: header.tsc_per_tick, bootTsc: header.boot_tsc,
      about: this.title, sources: kernel.sources};
    if (window.page) window.page.show([run]);
    else window.page = new Page([run]);
    document.getElementById("about").textContent = this.title;
    window.page.go(window.page.lead.trace.length - 1);
  }
}
