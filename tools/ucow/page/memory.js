// SPDX-License-Identifier: MIT
"use strict";
/*
 * memory - the pages of all processes after each event, found by following the trace; docs/pages.md has the states.
 *
 * What an event does to page tables is known from its fields: `map` and `unmap` (regions), `page` (an entry that a fault
 * or exec made), `protect` (the rights of a part), `page_copy` with the fault or fork that it belongs to, `share`, `table_share`, `table_copy`, `evict`,
 * `fork`, `exec`, `exit`. A test compares the result with the page tables in the machine's memory.
 *
 * Two things have no event: a page in memory and on the disk may lose its slot to another page, and the kernel's own
 * references are not seen. A process whose exec or fork the ring has lost is not `whole`: its older pages are unknown.
 */

const PAGE_SHIFT = 12, TABLE_SHIFT = 10;    // a table has 1,024 entries
const VM_WRITE = 2, VM_RIGHTS = 7, VM_SHARED = 8;
const PTE_WRITABLE = 0x002, PTE_COW = 0x200;
const FAULT_WRITE = 2, CLONE_VM = 0x100;

// A page-table entry, never changed: a frame with rights, or the number of a slot on the disk.
const inFrame = (frame, writable, cow) => ({frame, slot: 0, writable, cow});
const onDisk = (slot) => ({frame: 0, slot, writable: false, cow: false});
const hidden = (entry) => ({...entry, writable: false, cow: false, hidden: true});
const untilWritten = (entry) => (entry.writable ? inFrame(entry.frame, false, true) : entry);

class PageTable {
  constructor(entries) {
    this.entries = entries || new Map();  // page number -> entry
    this.spaces = 1;                      // how many address spaces have it
  }
}

class Space {
  constructor(whole) {
    this.users = 1;            // processes: threads share one
    this.whole = whole;
    this.regions = [];         // {start, end, flags, object}: in pages, sorted
    this.tables = new Map();   // table number -> PageTable
    this.readonly = new Set(); // tables whose directory entry permits no writes
  }

  region(page) {
    return this.regions.find((region) => region.start <= page && page < region.end);
  }

  entry(page) {
    const table = this.tables.get(page >> TABLE_SHIFT);
    return table && table.entries.get(page);
  }

  set(page, entry) {
    const number = page >> TABLE_SHIFT;
    if (!this.tables.has(number)) this.tables.set(number, new PageTable());
    this.tables.get(number).entries.set(page, entry);
  }

  // Every page that has an entry, in order of address.
  pages() {
    return [...this.tables.values()].flatMap((table) => [...table.entries]).sort((a, b) => a[0] - b[0]);
  }

  // Cut [start, end) out of the regions, and drop its pages: a table that no region needs goes as a whole.
  unmap(start, end) {
    this.regions = this.regions.flatMap((region) => {
      const parts = [{...region, end: Math.min(region.end, start)}, {...region, start: Math.max(region.start, end)}];
      return region.end <= start || region.start >= end ? [region] : parts.filter((part) => part.start < part.end);
    });
    for (const [number, table] of [...this.tables]) {
      const first = number << TABLE_SHIFT, last = first + (1 << TABLE_SHIFT);
      if (last <= start || end <= first) continue;
      if (!this.regions.some((region) => region.start < last && first < region.end)) {
        table.spaces--;
        this.tables.delete(number);
        this.readonly.delete(number);
        continue;
      }
      this.readonly.delete(number); // it is this address space's own: `table_copy` came before, or no other has it
      for (const page of [...table.entries.keys()]) if (start <= page && page < end) table.entries.delete(page);
    }
  }

  map(region) {
    this.unmap(region.start, region.end);
    this.regions.push(region);
    this.regions.sort((a, b) => a.start - b.start);
  }

  // The regions in [start, end) get the rights in `flags`; `cow`: a page that may be written is first shared until written.
  protect(start, end, flags, cow) {
    const old = this.region(start), rights = flags & VM_RIGHTS, write = flags & VM_WRITE, shared = flags & VM_SHARED;
    this.regions = this.regions.flatMap((region) => {
      const from = Math.max(region.start, start), to = Math.min(region.end, end);
      const parts = [{...region, end: from}, {...region, start: from, end: to, flags}, {...region, start: to}];
      return from >= to ? [region] : parts.filter((part) => part.start < part.end);
    });
    if (!old || (!((old.flags ^ flags) & VM_WRITE) && old.flags & VM_RIGHTS && rights)) return;
    const changed = (entry) => (!rights ? hidden(entry)
      : inFrame(entry.frame, Boolean(write && (shared || !cow)), Boolean(write && !shared && cow)));
    for (const [number, table] of this.tables) {
      const first = number << TABLE_SHIFT, last = first + (1 << TABLE_SHIFT);
      if (last <= start || end <= first) continue;
      this.readonly.delete(number);
      for (const [page, entry] of table.entries)
        if (start <= page && page < end && entry.frame) table.entries.set(page, changed(entry));
    }
  }

  // One process less has it.
  drop() {
    if (--this.users === 0) for (const table of this.tables.values()) table.spaces--;
  }
}

class World {
  constructor(trace) {
    this.trace = trace;
    this.at = -1;               // the event that was applied last
    this.cow = true;            // whether the kernel copies on write
    this.work = 0;              // how many entries changed: what following the trace cost
    this.spaces = new Map();    // pid -> Space
    this.pending = new Map();   // pid -> what its fork or fault has done so far
    this.owners = new Map();    // frame -> user, cache or shared
    this.slots = new Map();     // frame -> the slot on the disk with the same bytes
    this.stored = new Map();    // pages of shared memory on the disk: "object page" -> true
  }

  clone() {
    const copy = Object.assign(new World(this.trace), {at: this.at, cow: this.cow, owners: new Map(this.owners),
      slots: new Map(this.slots), stored: new Map(this.stored)});
    const same = new Map();
    const once = (original, make) => same.get(original) || same.set(original, make()).get(original);
    const table = (t) => once(t, () => Object.assign(new PageTable(new Map(t.entries)), {spaces: t.spaces}));
    const space = (s) => once(s, () => Object.assign(new Space(s.whole), {users: s.users, regions: s.regions.slice(),
      tables: new Map([...s.tables].map(([number, t]) => [number, table(t)])), readonly: new Set(s.readonly)}));
    for (const [pid, s] of this.spaces) copy.spaces.set(pid, space(s));
    for (const [pid, p] of this.pending) copy.pending.set(pid, {copies: new Map(p.copies), tables: new Set(p.tables)});
    return copy;
  }

  // How many entries there are: what a copy of this object costs.
  size() {
    let n = this.spaces.size + this.owners.size;
    for (const space of new Set(this.spaces.values())) for (const table of space.tables.values()) n += table.entries.size;
    return n;
  }

  advance(to) {
    while (this.at < to) {
      this.at++;
      const handler = World.HANDLERS[this.trace.name(this.at)];
      if (handler) this[handler](this.at, this.trace.pids[this.at]);
      this.work++;
    }
  }

  // ---- what the events do ----

  _space(pid) {
    if (!this.spaces.has(pid)) this.spaces.set(pid, new Space(false));
    return this.spaces.get(pid);
  }

  _pending(pid) {
    if (!this.pending.has(pid)) this.pending.set(pid, {copies: new Map(), tables: new Set()});
    return this.pending.get(pid);
  }

  _forget(pid) {
    const space = this.spaces.get(pid);
    if (space) space.drop();
    this.spaces.delete(pid);
    this.pending.delete(pid);
  }

  _exec(i) {
    const pid = this.trace.field(i, "pid");
    this._forget(pid);
    this.spaces.set(pid, new Space(true));
  }

  _exit(i) {
    this._forget(this.trace.field(i, "pid"));
  }

  _map(i, pid) {
    const [start, end] = this._range(i);
    this._space(pid).map({start, end, flags: this.trace.field(i, "flags"), object: this.trace.field(i, "object")});
  }

  _unmap(i, pid) {
    this._space(pid).unmap(...this._range(i));
  }

  _protect(i, pid) {
    this._space(pid).protect(...this._range(i), this.trace.field(i, "flags"), this.cow);
  }

  _boot(i) {
    this.cow = this.trace.field(i, "cow") !== 0;
  }

  _range(i) {
    return [this.trace.field(i, "start") >>> PAGE_SHIFT, this.trace.field(i, "end") >>> PAGE_SHIFT];
  }

  _page(i, pid) {
    const page = this.trace.field(i, "va") >>> PAGE_SHIFT, raw = this.trace.field(i, "entry");
    const entry = inFrame(raw >>> PAGE_SHIFT, (raw & PTE_WRITABLE) !== 0, (raw & PTE_COW) !== 0);
    const space = this._space(pid), old = space.entry(page), region = space.region(page);
    this.owners.set(entry.frame, region && region.flags & VM_SHARED ? "shared"
      : region && region.object && !(region.flags & VM_WRITE) ? "cache" : "user");
    if (!old || old.frame !== entry.frame) this.slots.delete(entry.frame); // another page had the frame before
    if (old && old.slot && !entry.writable) this.slots.set(entry.frame, old.slot);
    if (region) this.stored.delete(`${region.object} ${page}`);
    space.set(page, entry);
  }

  _pageCopy(i, pid) {
    const to = this.trace.field(i, "to") >>> PAGE_SHIFT;
    this.owners.set(to, "user");
    this.slots.delete(to);
    this._pending(pid).copies.set(this.trace.field(i, "va") >>> PAGE_SHIFT, inFrame(to, true, false));
  }

  _fault(i, pid) {
    const page = this.trace.field(i, "va") >>> PAGE_SHIFT, outcome = this.trace.shown(i, "outcome");
    const space = this.spaces.get(pid), pending = this._pending(pid), old = space && space.entry(page);
    if (!space) return;
    const serves = ["fill", "copy", "reuse", "swap_in"].includes(outcome);
    if (outcome === "fill" || (serves && this.trace.field(i, "error") & FAULT_WRITE))
      space.readonly.delete(page >> TABLE_SHIFT);
    if (outcome === "copy" && pending.copies.has(page)) space.set(page, pending.copies.get(page));
    if (outcome === "reuse" && old && old.frame) {
      space.set(page, inFrame(old.frame, true, false));
      this.slots.delete(old.frame);
    }
    this.pending.delete(pid);
  }

  _share(i, pid) {
    const space = this._space(pid), [start, end] = this._range(i);
    const region = space.region(start);
    if (region && region.flags & VM_SHARED) return;
    for (let number = start >> TABLE_SHIFT; number <= (end - 1) >> TABLE_SHIFT; number++) {
      const table = space.tables.get(number);
      if (!table || this._pending(pid).tables.has(number)) continue;
      for (const [page, entry] of table.entries)
        if (start <= page && page < end) table.entries.set(page, untilWritten(entry));
      this.work += table.entries.size;
    }
  }

  _tableShare(i, pid) {
    this._pending(pid).tables.add(this.trace.field(i, "va") >>> (PAGE_SHIFT + TABLE_SHIFT));
  }

  _tableCopy(i, pid) {
    const number = this.trace.field(i, "va") >>> (PAGE_SHIFT + TABLE_SHIFT);
    const space = this._space(pid), old = space.tables.get(number);
    if (!old) return;
    for (const [page, entry] of old.entries) old.entries.set(page, untilWritten(entry));
    old.spaces--;
    space.tables.set(number, new PageTable(new Map(old.entries)));
    space.readonly.delete(number);
    this.work += 2 * old.entries.size;
  }

  _fork(i) {
    const parent = this.trace.field(i, "parent"), child = this.trace.field(i, "child");
    const from = this.spaces.get(parent), pending = this._pending(parent);
    this.pending.delete(parent);
    if (!from) return;
    if (this.trace.field(i, "flags") & CLONE_VM) {
      from.users++;
      this.spaces.set(child, from);
      return;
    }
    const to = new Space(from.whole);
    to.regions = from.regions.slice();
    for (const [number, table] of from.tables) {
      if (pending.tables.has(number)) {
        table.spaces++;
        from.readonly.add(number);
        to.readonly.add(number);
        to.tables.set(number, table);
      } else if (table.entries.size) {
        const inherited = [...table.entries].map(([page, entry]) => [page, pending.copies.get(page) || entry]);
        to.tables.set(number, new PageTable(new Map(inherited)));
        this.work += table.entries.size;
      }
    }
    this.spaces.set(child, to);
  }

  _evict(i) {
    const frame = this.trace.field(i, "frame") >>> PAGE_SHIFT, slot = this.trace.field(i, "slot");
    const page = this.trace.field(i, "va") >>> PAGE_SHIFT;
    const replace = (entries) => {
      const entry = entries.get(page);
      if (!entry || entry.frame !== frame) return;
      if (slot) entries.set(page, onDisk(slot));
      else entries.delete(page);
    };
    for (const [other, its] of this.slots) if (its === slot && other !== frame) this.slots.delete(other);
    for (const space of new Set(this.spaces.values())) {
      const region = space.region(page), table = space.tables.get(page >> TABLE_SHIFT);
      if (!slot && region && region.flags & VM_SHARED && this.owners.get(frame) === "shared")
        this.stored.set(`${region.object} ${page}`, true);
      if (table) replace(table.entries);
    }
    for (const {copies} of this.pending.values()) replace(copies);
    this.owners.delete(frame);
    this.slots.delete(frame);
    this.work += this.spaces.size;
  }
}

World.HANDLERS = {boot: "_boot", protect: "_protect", exec: "_exec", exit: "_exit", map: "_map", unmap: "_unmap", page: "_page", page_copy: "_pageCopy",
  fault: "_fault", share: "_share", table_share: "_tableShare", table_copy: "_tableCopy", fork: "_fork", evict: "_evict"};
