// SPDX-License-Identifier: MIT
"use strict";
/*
 * source - the lines of the program and of the kernel that the chosen event belongs to.
 *
 * sources: {events: {name: [place]}, calls: {name: place}, programs: {name: {address: place}}, files: {file: {first, lines}}},
 * where a place is {file, line, function}. Made by tools/ucow/html_sources.py.
 */

const AROUND = 5, FAULT_FROM_USER = 4;

class SourceView {
  constructor(host, trace, lives, sources) {
    this.trace = trace;
    this.lives = lives;
    this.sources = sources;
    this.host = host.querySelector(".code");
  }

  show({i}) {
    const name = this.trace.name(i), life = this.lives.actors[i], program = life.nameAt(i);
    const parts = [];
    const at = this._whereProgramIs(i);
    if (shows(this, [name, program, at >= 0 && this._address(at, this.trace.field(at, "eip")), this.trace.word(i, 0)].join())) return;
    if (at >= 0) {
      const places = this.sources.programs[program], eip = this.trace.field(at, "eip");
      const place = places && places[this._address(at, eip)];
      parts.push(...(place ? this._listing(`${program}: `, place)
        : [make("p", {}, eip ? `The program is at ${hex(eip)}; its source is not known here.` : "")]));
    }
    const call = name === "syscall_enter" && this.sources.calls[this.trace.shown(i, "nr")];
    if (call) parts.push(...this._listing("the system call: ", call));
    else for (const place of this.sources.events[name] || []) parts.push(...this._listing("kernel: ", place));
    this.host.replaceChildren(...(parts.length ? parts : [make("p", {}, "The sources of this kernel were not found.")]));
  }

  // The event that tells where the program is at event i: itself, the fault that it belongs to, or the system call.
  _whereProgramIs(i) {
    const {trace} = this, pid = trace.pids[i];
    if (trace.field(i, "eip") !== undefined) return i;
    if (["page", "page_copy", "table_copy"].includes(trace.name(i)))
      for (let n = i + 1; n < Math.min(i + 4, trace.length); n++) if (trace.name(n) === "fault" && trace.pids[n] === pid) return n;
    if (["switch", "boot", "end"].includes(trace.name(i))) return -1;
    for (let n = i - 1; n >= Math.max(0, i - 5000); n--) {
      if (trace.pids[n] !== pid) continue;
      if (trace.name(n) === "syscall_enter") return n;
      if (["syscall_leave", "exec", "fault"].includes(trace.name(n))) return trace.name(i) === "syscall_leave" ? n : -1;
    }
    return -1;
  }

  // An address in the instruction that made the event. After a system call, eip is beyond it.
  _address(i, eip) {
    const called = this.trace.name(i) === "syscall_enter" || !(this.trace.field(i, "error") & FAULT_FROM_USER);
    return called && eip ? eip - 1 : eip;
  }

  _listing(whose, {file, line, function: name}) {
    const title = make("h3", {}, `${whose}${name ? `${name}() in ` : ""}${file}:${line}`);
    const source = this.sources.files[file];
    if (!source) return [title];
    const from = Math.max(source.first, line - AROUND), to = Math.min(source.first + source.lines.length - 1, line + AROUND);
    const list = make("ol");
    for (let n = from; n <= to; n++)
      list.append(make("li", {class: n === line ? "here" : ""}, make("b", {}, String(n)), source.lines[n - source.first]));
    return [title, list];
  }
}
