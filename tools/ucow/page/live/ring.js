// SPDX-License-Identifier: MIT
"use strict";
/*
 * ring - reads the trace ring and the array of page frames in the memory of a machine, while it runs or stands still.
 *
 * Addresses and layouts are those of one kernel: tools/ucow/playground.py takes them from its ELF file and its debugging
 * information. All numbers are little-endian, and all addresses physical.
 */

class Guest {
  // `kernel`: the description of the kernel; `memory`: a function (address, bytes) -> Uint8Array.
  constructor(kernel, memory) {
    this.kernel = kernel;
    this.memory = memory;
  }

  _view(address, bytes) {
    const read = this.memory(address, bytes);
    return new DataView(read.buffer, read.byteOffset, bytes);
  }

  _word(address) {
    return this._view(address, 4).getUint32(0, true);
  }

  // The ring's header, or null while the kernel has not made it.
  header() {
    const {address, bytes, members, magic, version, recordBytes} = this.kernel.ring, view = this._view(address, bytes);
    const found = Object.fromEntries(Object.entries(members).map(([name, [offset, size]]) => [name,
      view.getUint32(offset, true) + (size === 8 ? view.getUint32(offset + 4, true) * 4294967296 : 0)]));
    if (found.magic !== magic || !found.capacity || !found.next) return null;
    if (found.version !== version || found.record_bytes !== recordBytes || recordBytes !== RECORD_BYTES)
      throw new Error("the ring has another format than these scripts read: build the playground again");
    return found;
  }

  // The records from number `from` on, or those that the ring still has: {first, bytes, header}; null without a ring.
  since(from) {
    const header = this.header();
    if (!header) return null;
    const {capacity, buffer_pa: buffer, next} = header, first = Math.max(from, next - capacity), n = next - first;
    const bytes = new Uint8Array(n * RECORD_BYTES), start = first % capacity, before = Math.min(n, capacity - start);
    bytes.set(this.memory(buffer + start * RECORD_BYTES, before * RECORD_BYTES));
    bytes.set(this.memory(buffer, (n - before) * RECORD_BYTES), before * RECORD_BYTES);
    return {first, bytes, header};
  }

  // The owner of each frame, as a number, and its references; null before the kernel has the array.
  frames() {
    const {address, count, size, owner, references} = this.kernel.frames;
    const n = this._word(count), array = this._word(address) - this.kernel.base;
    if (!n || array < 0) return null;
    const view = this._view(array, n * size), owners = new Uint8Array(n), counts = new Uint32Array(n);
    for (let i = 0, at = 0; i < n; i++, at += size) {
      owners[i] = view.getUint8(at + owner);
      counts[i] = view.getUint32(at + references, true);
    }
    return {owners, counts};
  }
}
