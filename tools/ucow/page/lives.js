// SPDX-License-Identifier: MIT
"use strict";
/*
 * lives - the processes of a trace: the browser's counterpart of tools/ucow/history.py.
 *
 * A pid can be used again, so a process is a life: from its fork until its reap. A life whose fork the ring has lost
 * begins with the first record about it. Events are meant by their place in the trace.
 */

const IDLE = 0, INIT = 1;
const KERNEL_NAMES = {[IDLE]: "idle", [INIT]: "init"};

class Life {
  constructor(pid, name, parent, fork) {
    this.pid = pid;
    this.parent = parent;
    this.fork = fork;        // -1: not in the trace
    this.first = fork;       // the first event about it
    this.exit = this.reap = this.end = -1;
    this.children = [];
    this.stays = [];         // {state, start, end, why}: until event `end`
    this.names = [{from: Math.max(fork, 0), name}];
    this.links = [];         // those of all that concern it
    this.open = null;        // its system call that has not returned
    this.depth = parent ? parent.depth + 1 : 0;
  }

  nameAt(i) {
    let found = this.names[0].name;
    for (const {from, name} of this.names) if (from <= i) found = name;
    return found;
  }

  title(i) {
    return `${this.pid} ${this.nameAt(i)}`.trim();
  }

  // Its state after event i: null before it begins, GONE after its reap.
  stateAt(i) {
    if (this.reap >= 0 && i >= this.reap) return "GONE";
    let low = 0, high = this.stays.length - 1, found = null;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.stays[middle].start <= i) {
        found = this.stays[middle];
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    if (found) return found.state;
    return this.first >= 0 && this.first <= i ? "UNINIT" : null;
  }

  stayAt(i) {
    return this.stays.find((stay) => stay.start <= i && i < stay.end) || null;
  }
}

class Lives {
  constructor(trace) {
    this.trace = trace;
    this.all = [];
    this.actors = [];        // the life that each record runs in
    this.about = new Map();  // event -> the other life it is about
    this.links = [];         // {kind, from, at, to, until}: from a life at an event to another, later
    this._now = new Map();
    this._killed = new Map();
    this._woken = new Map();
    this._last = [];         // the stays that last until the end of the trace
    this.grow();
  }

  // Follow the events that the trace has now, and did not have the last time.
  grow() {
    const {trace} = this;
    for (const stay of this._last) stay.end = -1;
    for (let i = this.actors.length; i < trace.length; i++) {
      this.actors[i] = this.life(trace.pids[i], i);
      const handler = Lives.HANDLERS[trace.name(i)];
      if (handler) this[handler](i);
    }
    this._last = this.all.map((life) => life.stays[life.stays.length - 1]).filter((stay) => stay && stay.end < 0);
    for (const stay of this._last) stay.end = trace.length;
    this.ordered = this.all.filter((life) => !life.parent).flatMap((life) => [...Lives.family(life)]);
    this.ordered.forEach((life, row) => { life.row = row; });
  }

  static* family(root) {
    const waiting = [root];
    while (waiting.length) {
      const life = waiting.pop();
      yield life;
      waiting.push(...life.children.slice().reverse());
    }
  }

  // The process with this pid at event i.
  life(pid, i) {
    let life = this._now.get(pid);
    if (!life) life = this._begin(pid, KERNEL_NAMES[pid] || "", pid === INIT ? this._now.get(IDLE) : null, -1, i);
    if (life.first < 0) life.first = i;
    return life;
  }

  _begin(pid, name, parent, fork) {
    const life = new Life(pid, name, parent || null, fork);
    this._now.set(pid, life);
    this.all.push(life);
    if (parent) parent.children.push(life);
    return life;
  }

  _close(life, end) {
    const last = life.stays[life.stays.length - 1];
    if (last && last.end < 0) last.end = end;
  }

  _link(kind, from, at, to, until) {
    const link = {kind, from, at, to, until};
    this.links.push(link);
    from.links.push(link);
    to.links.push(link);
  }

  _fork(i) {
    const parent = this.life(this.trace.field(i, "parent"), i);
    const child = this.trace.field(i, "child");
    const known = this._now.get(child);
    if (known && known.fork < 0 && child in KERNEL_NAMES) {
      known.fork = i;
      this.about.set(i, known);
      return;
    }
    const name = KERNEL_NAMES[child] || (parent.pid in KERNEL_NAMES ? "" : parent.nameAt(i));
    const life = this._begin(child, name, parent, i);
    this.about.set(i, life);
    this._link("fork", parent, i, life, i);
  }

  _exec(i) {
    this.life(this.trace.field(i, "pid"), i).names.push({from: i, name: this.trace.shown(i, "name")});
    this.life(this.trace.pids[i], i).open = null;
  }

  _switch(i) {
    const life = this.life(this.trace.field(i, "to"), i);
    this.about.set(i, life);
    const wake = this._woken.get(life);
    if (wake !== undefined) this._link("wake", this.actors[wake], wake, life, i);
    this._woken.delete(life);
  }

  _state(i) {
    const life = this.life(this.trace.field(i, "pid"), i);
    const to = this.trace.shown(i, "to");
    this.about.set(i, life);
    if (!life.stays.length && this.trace.shown(i, "from") !== "UNINIT") // the ring has lost how it came into this state
      life.stays.push({state: this.trace.shown(i, "from"), start: 0, end: -1, why: ""});
    this._close(life, i);
    if (to !== "GONE")
      life.stays.push({state: to, start: i, end: -1, why: to === "SLEEPING" && life.open ? life.open : ""});
  }

  _enter(i) {
    this.actors[i].open = this.trace.shown(i, "nr");
  }

  _leave(i) {
    this.actors[i].open = null;
  }

  _kill(i) {
    const victim = this.life(this.trace.field(i, "pid"), i);
    this.about.set(i, victim);
    this._killed.set(victim, i);
  }

  _wake(i) {
    const life = this.life(this.trace.field(i, "pid"), i);
    this.about.set(i, life);
    this._woken.set(life, i);
  }

  _exit(i) {
    const life = this.life(this.trace.field(i, "pid"), i);
    life.exit = i;
    const kill = this._killed.get(life);
    if (kill !== undefined) this._link("kill", this.actors[kill], kill, life, i);
  }

  _reap(i) {
    const child = this.life(this.trace.field(i, "child"), i);
    this.about.set(i, child);
    this._close(child, i);
    child.reap = child.end = i;
    this._link("reap", child, child.exit, this.actors[i], i);
    this._now.delete(child.pid);
  }
}

Lives.HANDLERS = {fork: "_fork", exec: "_exec", switch: "_switch", state: "_state", exit: "_exit", reap: "_reap",
  syscall_enter: "_enter", syscall_leave: "_leave", kill: "_kill", wake: "_wake"};
