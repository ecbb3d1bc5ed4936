// SPDX-License-Identifier: MIT
"use strict";
/*
 * machine - an emulated PC (v86) that runs a kernel, with a serial line and the port that ends the run.
 *
 * A write to port 0xf4 ends a run, as QEMU's isa-debug-exit does. v86 throws the string "HALT" there and forgets the
 * value, so we register a handler of our own, which stops the machine between two instructions. The machine has an empty
 * first disk, because v86 0.5 restores no state without one. save_state.mjs makes the same machine.
 */

const EXIT_PORT = 0xf4, VGA_BYTES = 1 << 20, DISK_BYTES = 1 << 16;

class Machine {
  // `boots`: {elf, cmdline, module} or {state}. `tell`: what to call with each byte of the serial line, and with the value
  // that ended the run.
  constructor(wasm, memoryBytes, boots, tell) {
    this.tell = tell;
    this.ended = this.gone = false;
    const buffer = (content) => content && {buffer: content};
    this.emulator = new V86({
      wasm_fn: async (imports) => (await WebAssembly.instantiate(wasm, imports)).exports,
      memory_size: memoryBytes, vga_memory_size: VGA_BYTES, autostart: false,
      disable_keyboard: true, disable_mouse: true, disable_speaker: true,
      multiboot: buffer(boots.elf), initrd: buffer(boots.module), cmdline: boots.cmdline, initial_state: buffer(boots.state),
      hda: buffer(new ArrayBuffer(DISK_BYTES)),
    });
    this.emulator.add_listener("serial0-output-byte", (byte) => {
      if (!this.ended && !this.gone) this.tell.byte(byte);
    });
    this.ready = new Promise((done) => this.emulator.add_listener("emulator-loaded", done)).then(() => this._ownExitPort());
  }

  _ownExitPort() {
    const {cpu} = this.emulator.v86;
    cpu.io.register_write(EXIT_PORT, cpu, (value) => {
      if (this.ended) return;
      this.ended = true;
      this.emulator.stop();
      if (!this.gone) this.tell.ended(value);
    });
  }

  async run() {
    await this.ready;
    if (!this.ended && !this.gone) await this.emulator.run();
  }

  async pause() {
    await this.ready;
    await this.emulator.stop();
  }

  // Never to run again.
  async remove() {
    this.gone = true;
    await this.ready;
    await this.emulator.destroy();
  }

  type(text) {
    this.emulator.serial_send_bytes(0, new TextEncoder().encode(text));
  }

  // `bytes` bytes of memory at a physical address; they change while the machine runs.
  memory(address, bytes) {
    return this.emulator.read_memory(address, bytes);
  }

  // How much memory it has: v86 gives a machine with a boot module more than it was asked for.
  size() {
    return this.emulator.v86.cpu.memory_size[0];
  }

  save() {
    return this.emulator.save_state();
  }
}
