// SPDX-License-Identifier: MIT
"use strict";
/*
 * moments - the memory of all processes at any event, forwards and backwards.
 *
 * Copies of the world are kept along the way. From the last copy before an event, the trace is followed. A copy is made
 * when following cost twice as much as a copy does, so any moment is near one, and all copies together are no larger
 * than twice the work of reading the trace once.
 */

const LEAST_WORK = 2000;

class Moments {
  constructor(trace) {
    this.trace = trace;
    this.kept = [new World(trace)];
    this.now = this.kept[0].clone();
  }

  // The world after event i. It is the caller's until the next call.
  world(i) {
    const before = this._before(i);
    if (this.now.at > i || this.now.at < before.at) this.now = before.clone();
    while (this.now.at < i) {
      const last = this.kept[this.kept.length - 1];
      this.now.advance(Math.min(i, this.now.at + 64));
      if (this.now.at > last.at && this.now.work > Math.max(LEAST_WORK, 2 * this.now.size())) {
        this.now.work = 0;
        this.kept.push(this.now.clone());
      }
    }
    return this.now;
  }

  _before(i) {
    let low = 0, high = this.kept.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.kept[middle].at <= i) low = middle;
      else high = middle - 1;
    }
    return this.kept[low];
  }
}

// ---- What a page is to a process ----

const KINDS = {
  untouched: "untouched", private: "private", cow: "shared until written", alone: "private, read until written",
  readonly: "shared read-only", cache: "program cache", shared: "shared memory", disk: "on disk", stored: "on disk (shared memory)",
};

// Who has each frame and slot: all that a picture of one moment asks, counted once.
class Sharing {
  constructor(world) {
    this.world = world;
    this.pids = new Map();    // Space -> its pids
    for (const [pid, space] of world.spaces) this.pids.set(space, [...(this.pids.get(space) || []), pid]);
    this.frames = new Map();  // frame -> {spaces, entries}: entries in a table that is shared count once
    this.slots = new Map();
    const seen = new Set();
    for (const space of this.pids.keys()) {
      for (const table of space.tables.values()) {
        const first = !seen.has(table);
        seen.add(table);
        for (const entry of table.entries.values()) this._count(entry, space, first);
      }
    }
  }

  _count(entry, space, first) {
    const users = entry.slot ? this.slots : this.frames, key = entry.slot || entry.frame;
    const found = users.get(key) || users.set(key, {spaces: [], entries: 0}).get(key);
    found.spaces.push(space);
    found.entries += first;
  }

  // The count of a frame as the kernel keeps it: one for each entry, and one for the program's image or the object.
  count(frame) {
    const owner = this.world.owners.get(frame), users = this.frames.get(frame);
    return (users ? users.entries : 0) + (owner === "cache" || owner === "shared" ? 1 : 0);
  }

  // A page as tools/pages describes it, and its kind in docs/pages.md.
  page(space, number) {
    const entry = space.entry(number), region = space.region(number);
    const table = space.tables.get(number >> TABLE_SHIFT);
    const byTable = Boolean(table && table.spaces > 1);
    if (!entry) {
      const stored = region && this.world.stored.has(`${region.object} ${number}`);
      return {kind: stored ? "stored" : "untouched", byTable: false, pids: [], frame: 0, slot: 0, rights: "-"};
    }
    const slot = entry.slot || this.world.slots.get(entry.frame) || 0;
    const spaces = [...(entry.frame ? this.frames.get(entry.frame).spaces : []), ...this._named(slot, entry.frame)];
    const pids = [...new Set(spaces.filter((other) => other !== space).flatMap((other) => this.pids.get(other)))];
    return {...this._kind(space, number, entry, byTable, slot), byTable, frame: entry.frame, slot,
            pids: pids.sort((a, b) => a - b)};
  }

  // The address spaces that name a slot, and, for an entry that names it, those that map the frame with its bytes.
  _named(slot, frame) {
    if (!slot) return [];
    const named = this.slots.get(slot) ? this.slots.get(slot).spaces : [];
    if (frame) return named;
    const readers = [...this.world.slots].filter(([, its]) => its === slot).map(([f]) => this.frames.get(f));
    return [...named, ...readers.flatMap((users) => (users ? users.spaces : []))];
  }

  _kind(space, number, entry, byTable, slot) {
    if (entry.slot) return {kind: "disk", simple: "swapped", rights: "-"};
    const cow = entry.cow || (entry.writable && space.readonly.has(number >> TABLE_SHIFT));
    const rights = entry.hidden ? "-" : cow ? "c" : entry.writable ? "w" : "r";
    const owner = this.world.owners.get(entry.frame);
    const sharers = this.count(entry.frame) + (slot && this.slots.get(slot) ? this.slots.get(slot).entries : 0);
    const shared = owner === "shared" || sharers > 1 || byTable;
    const simple = owner === "cache" ? "cache" : shared ? "shared" : "private";
    if (owner === "cache") return {kind: "cache", simple, rights};
    if (owner === "shared") return {kind: "shared", simple, rights};
    if (cow) return {kind: shared ? "cow" : "alone", simple, rights};
    return {kind: shared ? "readonly" : "private", simple, rights};
  }
}
