// SPDX-License-Identifier: MIT
"use strict";
/*
 * records - the events of a trace, decoded: the browser's counterpart of tools/ucow/trace.py.
 *
 * What the records mean is the kernel's text `trace_format`. The bytes of a record stay where they are; only what every
 * view asks for (kind, time, running process) is kept in arrays, so 100,000 events decode in some milliseconds.
 */

const RECORD_BYTES = 32;
const WORDS = 5;
const LINUX_TRACED = 0x10000;   // include/ucow/linux.h

class TraceFormat {
  constructor(text) {
    this.events = [];
    this.enums = {syscall: {}};
    for (const line of text.split("\n")) {
      const [what, first, ...rest] = line.split(" ");
      if (what === "enum") this.enums[first] = rest;
      else if (what === "syscall") this.enums.syscall[first] = rest[0];
      else if (what === "linux") this.enums.syscall[LINUX_TRACED + Number(first)] = `linux_${rest[0]}`;
      else if (what === "event") this.events[first] = TraceFormat.event(rest);
    }
  }

  static event([name, ...fields]) {
    const split = fields.map((field) => field.split(":")).map(([label, style]) => ({label, style: style || ""}));
    return {name, fields: split, place: Object.fromEntries(split.map(({label}, i) => [label, i]))};
  }

  // A field's value as tools/trace prints it.
  show(style, raw) {
    if (style === "x") return "0x" + raw.toString(16);
    if (style === "d") return String(raw | 0);
    const name = style && this.enums[style] && this.enums[style][raw];
    return name || String(raw);
  }
}

class Trace {
  // `bytes`: whole records, oldest first; `lost`: how many older ones the ring had overwritten; `bootTsc`: where time begins.
  constructor(format, bytes, lost, tscPerTick, bootTsc) {
    this.format = format;
    this.lost = lost;
    this.perMicrosecond = tscPerTick / 10000 || 1000;
    this.bootTsc = bootTsc;
    this.length = this.room = 0;
    this.grow(bytes);
  }

  // Add the records that follow; `bytes` are whole records.
  grow(bytes) {
    const from = this.length, length = from + Math.floor(bytes.byteLength / RECORD_BYTES);
    if (length > this.room) this._makeRoom(Math.max(length, from * 2));
    this.bytes.set(bytes.subarray(0, (length - from) * RECORD_BYTES), from * RECORD_BYTES);
    for (let i = from, at = from * RECORD_BYTES; i < length; i++, at += RECORD_BYTES) {
      this.stamps[i] = this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 4294967296 - this.bootTsc;
      this.kinds[i] = this.view.getUint8(at + 8);
      this.pids[i] = this.view.getUint16(at + 10, true);
      if (!this.format.events[this.kinds[i]]) throw new Error(`record ${this.lost + i} has an event that its kernel does not name`);
    }
    this.length = length;
  }

  _makeRoom(room) {
    const larger = (old, array) => {
      if (old) array.set(old);
      return array;
    };
    this.bytes = larger(this.bytes, new Uint8Array(room * RECORD_BYTES));
    this.view = new DataView(this.bytes.buffer);
    this.kinds = larger(this.kinds, new Uint8Array(room));
    this.pids = larger(this.pids, new Uint16Array(room));
    this.stamps = larger(this.stamps, new Float64Array(room));
    this.room = room;
  }

  name(i) {
    return this.format.events[this.kinds[i]].name;
  }

  word(i, n) {
    return this.view.getUint32(i * RECORD_BYTES + 12 + 4 * n, true);
  }

  // The raw value of a field, or undefined if the kernel's events of this kind have none of this name.
  field(i, label) {
    const place = this.format.events[this.kinds[i]].place[label];
    return place === undefined ? undefined : this.word(i, place);
  }

  // The field as it is printed: an enumeration by its name.
  shown(i, label) {
    const {place, fields} = this.format.events[this.kinds[i]];
    const n = place[label];
    return fields[n].style === "text" ? this._text(i, n) : this.format.show(fields[n].style, this.word(i, n));
  }

  _text(i, n) {
    const from = i * RECORD_BYTES + 12 + 4 * n, bytes = this.bytes.subarray(from, from + 4 * (WORDS - n));
    const end = bytes.indexOf(0);   // without an end it is cut, perhaps in the middle of a character, which is left out then
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end), {stream: end < 0});
  }

  // Microseconds since boot.
  time(i) {
    return this.stamps[i] / this.perMicrosecond;
  }

  // The event as tools/trace prints it, without its time.
  text(i) {
    const {name, fields} = this.format.events[this.kinds[i]];
    return [name, ...fields.map(({label}) => `${label}=${this.shown(i, label)}`)].join(" ");
  }

  line(i) {
    return `[t=${this.stamps[i]}] ${this.text(i)} running=${this.pids[i]}`;
  }

  // The next event after `from` in direction `step` (1 or -1) for which wanted(i) holds, or -1.
  find(from, step, wanted) {
    for (let i = from + step; i >= 0 && i < this.length; i += step)
      if (wanted(i)) return i;
    return -1;
  }
}

function bytesOfBase64(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}
