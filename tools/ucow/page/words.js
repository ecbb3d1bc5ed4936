// SPDX-License-Identifier: MIT
"use strict";
/*
 * words - an event as a sentence for people, with what it did to the pages.
 */

const hex = (number) => "0x" + (number >>> 0).toString(16);
const many = (n, thing) => `${n} ${thing}${n === 1 ? "" : "s"}`;

const ERRORS = {1: "unspecified error", 2: "bad process", 3: "invalid parameter", 4: "out of memory", 5: "out of processes",
  6: "segmentation fault", 7: "swap fault", 8: "invalid ELF file", 9: "process is killed", 12: "too big", 16: "no such file",
  20: "unimplemented"};
const REASONS = {exit: "it called exit", kill: "another process killed it", fault: "the kernel killed it for an illegal access",
  oom: "there was no memory for it", swap: "its page could not be read from the disk"};
const BECOMES = {RUNNABLE: "is ready to run", RUNNING: "gets the CPU", SLEEPING: "sleeps", ZOMBIE: "has ended and waits to be reaped",
  GONE: "is gone"};

class Words {
  constructor(trace, lives) {
    this.trace = trace;
    this.lives = lives;
  }

  // The sentence of event i. `world` is the memory after it.
  sentence(i, world) {
    const say = this[`_${this.trace.name(i)}`];
    return say ? say.call(this, i, world) : this.trace.text(i);
  }

  _who(i) {
    return this.lives.actors[i].title(i);
  }

  _other(i) {
    const life = this.lives.about.get(i);
    return life ? life.title(i) : "?";
  }

  _get(i, label) {
    return this.trace.field(i, label);
  }

  _boot(i) {
    return `The machine has started: ${this._get(i, "free")} of ${this._get(i, "frames")} page frames are free.`
      + (this._get(i, "cow") ? " Fork shares pages until one side writes." : " Fork copies pages at once.");
  }

  _fork(i, world) {
    const parent = this.lives.actors[i], space = world.spaces.get(this._get(i, "child"));
    if (this._get(i, "flags") & CLONE_VM) return `${parent.title(i)} made ${this._other(i)}, a thread: both have the same memory.`;
    if (!space) return `${parent.title(i)} made ${this._other(i)}.`;
    const entries = space.pages().map(([, entry]) => entry);
    const until = entries.filter((entry) => entry.cow).length, tables = space.readonly.size;
    return `${parent.title(i)} forked ${this._other(i)}. The child has ${many(entries.length, "page")}`
      + (tables ? `, in ${many(tables, "page table")} that both share until one writes.`
        : until ? `; ${until} of them parent and child share until one of them writes.` : ", its own copies where it may write.");
  }

  _exec(i) {
    return `Process ${this._get(i, "pid")} starts the program ${this.trace.shown(i, "name")} in new, almost empty memory; its old memory is dropped.`;
  }

  _exit(i) {
    return `${this._who(i)} ends with code ${this._get(i, "code") | 0}: ${REASONS[this.trace.shown(i, "reason")]}. Its pages are dropped.`;
  }

  _reap(i) {
    return `${this._who(i)} learns that ${this._other(i)} ended with code ${this._get(i, "code") | 0}, and the last of it is freed.`;
  }

  _reparent(i) {
    return `The parent of ${this._get(i, "child")} ended: its new parent is ${this._get(i, "to")} (init).`;
  }

  _kill(i) {
    return `${this._who(i)} kills ${this._other(i)}, which dies before it runs its program again.`;
  }

  _state(i) {
    const to = this.trace.shown(i, "to"), life = this.lives.about.get(i);
    const why = to === "SLEEPING" && life.open ? ` in ${life.open}` : "";
    return `${this._other(i)} ${BECOMES[to] || to}${why} (${this.trace.shown(i, "from")} → ${to}).`;
  }

  _switch(i) {
    return `The CPU goes from process ${this._get(i, "from")} to ${this._other(i)}.`;
  }

  _sleep(i) {
    return `${this._who(i)} is about to sleep until another process or the clock wakes it.`;
  }

  _wake(i) {
    return `${this._who(i)} wakes ${this._other(i)}.`;
  }

  _syscall_enter(i) {
    const call = this.trace.shown(i, "nr");
    const args = ["arg0", "arg1", "arg2"].map((label) => this.trace.shown(i, label)).join(", ");
    return `${this._who(i)} calls the kernel: ${call}(${args}).`;
  }

  _syscall_leave(i) {
    const result = this._get(i, "result") | 0, call = this.trace.shown(i, "nr");
    const error = result < 0 && result > -64 ? ` (${ERRORS[-result] || "an error"})` : "";
    return `${call} returns ${result}${error} to ${this._who(i)}.`;
  }

  _fault(i) {
    const write = this._get(i, "error") & FAULT_WRITE, kernel = !(this._get(i, "error") & 4);
    const access = `${kernel ? "The kernel, for " : ""}${this._who(i)}${kernel ? "," : ""} ${write ? "writes to" : "reads"} ${hex(this._get(i, "va"))}`;
    const results = {
      fill: "the page was untouched, and now has a frame.",
      copy: "the page was shared until written, so the process now has a copy of its own.",
      reuse: "the process is the only one that still has the page, so it may write to it from now on: nothing is copied.",
      swap_in: "the page was on the disk, and is read back.",
      oom: "there is no memory for the page.",
      segv: "there is no page there that allows it: a segmentation fault.",
      swap_fault: "the disk cannot read the page.",
    };
    return `${access}: ${results[this.trace.shown(i, "outcome")]}`;
  }

  _page_copy(i) {
    return `${this._who(i)} gets its own copy of the page at ${hex(this._get(i, "va"))}: frame ${hex(this._get(i, "from") >>> 12)} is copied to `
      + `frame ${hex(this._get(i, "to") >>> 12)}.`;
  }

  _share(i) {
    return `${this._who(i)} forks: ${many(this._get(i, "pages"), "page")} from ${hex(this._get(i, "start"))} to ${hex(this._get(i, "end"))} will be shared with the child.`;
  }

  _table_share(i) {
    return `${this._who(i)} forks: the whole page table at ${hex(this._get(i, "va"))} with ${many(this._get(i, "pages"), "page")} is shared with the child, `
      + `which makes ${this._get(i, "sharers")} processes that have it.`;
  }

  _table_copy(i) {
    return `${this._who(i)} is about to change something below ${hex(this._get(i, "va"))}, so it gets its own copy of the page table; its pages are now shared until written.`;
  }

  _evict(i) {
    const slot = this._get(i, "slot");
    return `Memory is full: the page at ${hex(this._get(i, "va"))} leaves frame ${hex(this._get(i, "frame") >>> 12)}`
      + (slot ? ` for slot ${slot} on the disk, for all processes that have it.` : ", and comes back when it is accessed.");
  }

  _map(i) {
    const flags = this._get(i, "flags"), rights = (flags & 1 ? "r" : "-") + (flags & 2 ? "w" : "-") + (flags & 4 ? "x" : "-");
    return `${this._who(i)} may use the memory from ${hex(this._get(i, "start"))} to ${hex(this._get(i, "end"))} (${rights}`
      + `${flags & VM_SHARED ? ", shared with children" : ""}). It is untouched: no frame is used yet.`;
  }

  _protect(i) {
    const flags = this._get(i, "flags"), rights = (flags & 1 ? "r" : "-") + (flags & 2 ? "w" : "-") + (flags & 4 ? "x" : "-");
    return `${this._who(i)} may now use the memory from ${hex(this._get(i, "start"))} to ${hex(this._get(i, "end"))} so: ${rights}.`;
  }

  _unmap(i) {
    return `${this._who(i)} gives back the memory from ${hex(this._get(i, "start"))} to ${hex(this._get(i, "end"))}.`;
  }

  _page(i) {
    const entry = this._get(i, "entry"), frame = hex(entry >>> 12);
    const may = entry & PTE_WRITABLE ? "read and write" : entry & PTE_COW ? "read it until it is written" : "only read it";
    return `${this._who(i)}'s page table now maps ${hex(this._get(i, "va"))} to frame ${frame}; the program may ${may}.`;
  }

  _oom(i) {
    return `Memory and disk are full: process ${this._get(i, "victim")} with ${many(this._get(i, "pages"), "page")} is chosen to end, of ${this._get(i, "among")}.`;
  }

  _injected(i) {
    return `A failure on request: ${this.trace.shown(i, "kind")}.`;
  }

  _peak(i) {
    const what = {irq_off: "time with interrupts off", stretch: "time without a point at which others may run", stack: "kernel stack in use"};
    return `A new maximum of the ${what[this.trace.shown(i, "what")]}: ${this._get(i, "value")}.`;
  }

  _end(i) {
    const held = this._get(i, "held");
    return `The machine powers off with status ${this._get(i, "status")}. ${this._get(i, "allocated")} frames were allocated`
      + `${held ? `, and ${held} are still held.` : ", and all were freed."}`;
  }
}
