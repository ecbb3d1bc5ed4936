// SPDX-License-Identifier: MIT
/*
 * save_state - boots a kernel in v86 under Node.js until the shell's prompt, and saves the state of the machine.
 *
 * node save_state.mjs PACKAGES KERNEL MEMORY CMDLINE OUT   prints as JSON what the kernel printed
 */
import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

const PROMPT = "\n$ ", VGA_BYTES = 1 << 20, DISK_BYTES = 1 << 16; // as in machine.js
const [, , packages, kernel, memory, cmdline, out] = process.argv;
const {V86} = await import(pathToFileURL(join(packages, "v86/build/libv86.mjs")));
const wasm = await WebAssembly.compile(readFileSync(join(packages, "v86/build/v86.wasm")));
const elf = readFileSync(kernel);
const emulator = new V86({
  wasm_fn: async (imports) => (await WebAssembly.instantiate(wasm, imports)).exports,
  memory_size: Number(memory), vga_memory_size: VGA_BYTES, autostart: true, cmdline,
  hda: {buffer: new ArrayBuffer(DISK_BYTES)},
  disable_keyboard: true, disable_mouse: true, disable_speaker: true,
  multiboot: {buffer: elf.buffer.slice(elf.byteOffset, elf.byteOffset + elf.length)},
});
let text = "";
emulator.add_listener("serial0-output-byte", (byte) => {
  text += String.fromCharCode(byte);
  if (text.endsWith(PROMPT)) setTimeout(save, 100); // the shell waits for a key by then
});

async function save() {
  await emulator.stop();
  writeFileSync(out, new Uint8Array(await emulator.save_state()));
  process.stdout.write(JSON.stringify(text), () => process.exit(0));
}
