// SPDX-License-Identifier: MIT
"use strict";
/*
 * playground - chooses kernel and program, and runs, pauses, restarts and keeps the machine.
 *
 * A run is {kernel, program, module}: the name of a kernel of site.json, the words of the command line, and a program of the
 * user's own as {name, bytes}. Without a program the machine has a shell; it begins from a state that the folder has.
 */

const QUIET_MS = 1000;    // the state is kept once the machine has printed nothing for this long, and each
const KEEP_MS = 15000;
const ELF_32 = "7f454c460101", ELF_KIND = "02000300", MOST_MODULE = 8 << 20, MOST_NAME = 27;

async function fetched(name) {
  const answer = await fetch(name).catch(() => {
    throw new Error(`${name} cannot be loaded, because the host of this page does not answer`);
  });
  if (!answer.ok) throw new Error(`${name} is missing from this folder (${answer.status}): build the playground again`);
  const content = await answer.arrayBuffer();
  const packed = new Uint8Array(content, 0, Math.min(2, content.byteLength)).join() === "31,139"; // some hosts unpack .gz themselves
  return packed ? new Response(new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer() : content;
}

const fetchedJson = async (name) => JSON.parse(new TextDecoder().decode(await fetched(name)));
const element = (id) => document.getElementById(id);

class Playground {
  constructor(site, wasm, kept) {
    this.site = site;
    this.wasm = wasm;
    this.kept = kept;
    this.kernels = new Map();  // those that were loaded, by name
    this.programs = new Map(); // the ProgramLines of those that died, by kernel and name
    this.deaths = new Deaths(element("deaths"), (name) => this._linesOf(name));
    this.terminal = new SerialTerminal(element("terminal"), (text) => this._typed(text), (text) => this.deaths.add(text));
    this.frames = new FrameMap(element("frames"), site.owners);
    for (const {name, title} of site.kernels) element("kernel").append(make("option", {value: name}, title));
    this._buttons();
    addEventListener("hashchange", () => this._fromLink());
    document.addEventListener("visibilitychange", () => document.hidden && this._keep());
  }

  async start() {
    const before = await this.kept.get();
    if (before && before.link === location.hash && before.memory && this.site.kernels.some(({name, build}) => name === before.run.kernel && build === before.build)) {
      await this.boot(before.run, before);
      return;
    }
    if (!this._fromLink()) await this.boot({kernel: this.site.kernels[0].name, program: "", module: null});
  }

  async _kernel(name) {
    if (!this.kernels.has(name)) {
      const load = async () => ({...(await fetchedJson(`kernels/${name}/kernel.json`)), sources: await fetchedJson(`kernels/${name}/sources.json.gz`)});
      this.kernels.set(name, load());
    }
    return this.kernels.get(name);
  }

  // The lines of a program: of the user's own file, or of the kernel's archive.
  async _linesOf(name) {
    const {module, kernel} = this.run, path = `kernels/${kernel}/programs/${name}.elf.gz`;
    if (module && name === module.name) return new ProgramLines(module.bytes);
    if (!this.programs.has(path)) this.programs.set(path, fetched(path).then((elf) => new ProgramLines(elf)));
    return this.programs.get(path);
  }

  // Run `run`; with `before`, a machine that was kept, go on with that.
  async boot(run, before = null) {
    try {
      await this._boot(run, before);
    } catch (error) {
      this._say("bad", `The machine cannot start: ${error.message}.`);
      throw error;
    }
  }

  async _boot(run, before) {
    const turn = this.turn = {};  // a later call makes this one stop
    this.verdict = null;
    this._say("busy", "loading");
    await this._end();
    const kernel = await this._kernel(run.kernel), shell = !run.program && !run.module;
    const state = before ? before.state : shell ? await fetched(`kernels/${run.kernel}/state.gz`) : undefined;
    const elf = state ? undefined : await fetched(`kernels/${run.kernel}/ucow.elf.gz`);
    if (this.turn !== turn) return;
    Object.assign(this, {run, kernel, shell});
    const named = run.module ? `module=${run.module.name} ` : "";  // v86 gives a boot module no name
    const cmdline = `${this.site.cmdline} ${named}-- ${run.program}`;
    const boots = state ? {state} : {elf, module: run.module ? run.module.bytes : undefined, cmdline};
    const serial = before ? before.serial : shell ? kernel.serial : "";
    this.terminal.reset(serial);
    this.deaths.reset(serial);
    this.machine = new Machine(this.wasm, before ? before.memory : this.site.memory, boots, {byte: (value) => this._printed(value), ended: (value) => this._ended(value)});
    this.live = new Live(this.machine, kernel, `fork ${this.site.kernels.find(({name}) => name === run.kernel).title}`, this.frames);
    this._show();
    await this.machine.ready;
    if (this.turn !== turn) return;
    if (before && before.verdict) {
      this.live.look();
      this.verdict = before.verdict;
      this._say(this.verdict.kind, this.verdict.text);
      this.machine.ended = true;
      window.page.fromLink();
      return;
    }
    this.terminal.focus();
    await (before && before.paused ? this._pause() : this._go());
  }

  async _end() {
    clearTimeout(this.keeper);
    if (this.live) this.live.stop();
    if (this.machine) await this.machine.remove();
    this.machine = null;
  }

  // ---- what the machine tells ----

  _typed(text) {
    if (!this.machine || this.machine.ended) return;
    this.machine.type(text);
    this.touched = true;
  }

  _printed(value) {
    this.terminal.byte(value);
    this.touched = true;
    clearTimeout(this.keeper);
    this.keeper = setTimeout(() => this._keep(), performance.now() - (this.keptAt || 0) > KEEP_MS ? 0 : QUIET_MS);
  }

  async _ended(value) {
    this.live.stop();
    this.terminal.flush();
    const verdict = new Verdict(value, this.terminal.text, this.run.program.split(" ")[0], this.site.statuses);
    const {machine} = this;
    await machine.pause();
    if (machine !== this.machine) return;
    this.live.look();
    this.terminal.blur();
    this.verdict = {kind: verdict.status ? "bad" : "good", text: verdict.text};
    this._say(this.verdict.kind, this.verdict.text);
    if (window.page) window.page.fromLink();
    this._keep(true);
  }

  // ---- run, pause, restart ----

  async _go() {
    this.paused = false;
    this.verdict = null;
    this._say("runs", "running");
    this.live.start();
    await this.machine.run();
  }

  async _pause() {
    const {machine} = this;
    await machine.pause();
    if (machine !== this.machine) return;
    this.live.stop();
    this.live.look();
    this.paused = true; // now the views have all that the machine did
    this._say("stands", "paused: step through the events below, or continue");
    this._keep(true);
  }

  // Keep the state for a reload, if it has changed.
  async _keep(always = false) {
    const {machine, run, kernel, paused, verdict} = this;
    clearTimeout(this.keeper);
    if (!machine || !(this.touched || always)) return;
    this.touched = false;
    this.keptAt = performance.now();
    this.terminal.flush();
    const serial = this.terminal.text, state = await machine.save();
    if (machine === this.machine) await this.kept.put({run, build: kernel.build, memory: machine.size(), link: location.hash, state, serial, paused, verdict});
    document.body.dataset.kept = performance.now();
  }

  // ---- the form ----

  _buttons() {
    element("machine").addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit(element("program").value);
    });
    element("pause").addEventListener("click", () => (this.paused ? this._go() : this._pause()));
    element("restart").addEventListener("click", () => this.run && this.boot(this.run));
    element("upload").addEventListener("click", () => element("file").click());
    element("file").addEventListener("change", () => this._upload(element("file").files[0]));
    element("kernel").addEventListener("change", () => this._submit(element("program").value));
  }

  // Run the program in these words. It becomes the page's address, so that a link opens it.
  _submit(text) {
    if (/(["'])[^"']*\s[^"']*\1/.test(text)) {
      this._say("bad", "The kernel's command line has no quotes: run a shell, and type the words there.");
      return;
    }
    const words = text.trim().split(/\s+/).filter(Boolean), kernel = element("kernel").value;
    const own = this.module && words[0] === this.module.name ? this.module : null;
    const run = {kernel, program: words.join(" "), module: own};
    const link = own ? "" : `#${new URLSearchParams({run: run.program, kernel})}`;
    history.replaceState(null, "", link || location.pathname);
    this.boot(run);
  }

  _fromLink() {
    const link = new URLSearchParams(location.hash.slice(1)), kernel = link.get("kernel") || this.site.kernels[0].name;
    if (!link.has("run")) return false;
    if (!this.site.kernels.some(({name}) => name === kernel)) {
      this._end().then(() => this._say("bad", `This link needs the kernel ${kernel}; this folder has ${this.site.kernels.map(({name}) => name).join(" and ")}.`));
      return true;
    }
    const program = link.get("run").trim();
    const same = this.run && this.run.program === program && this.run.kernel === kernel && !this.run.module;
    if (!same) this.boot({kernel, program, module: null});
    return true;
  }

  // Why no link can open this run; "" if one can.
  linkProblem() {
    const {run} = this;
    if (run && run.module) return "no link has your own file";
    return run && run.program ? "" : "what is typed is in no link: choose a program, and press Run";
  }

  // The address of the page has become a link to a moment: a reload stays at this one.
  linked() {
    this._keep(true);
  }

  async _upload(file) {
    element("file").value = "";
    if (!file) return;
    const bytes = await file.arrayBuffer(), name = file.name.replace(/\.elf$/, "").replace(/[^\w.+-]/g, "_").slice(0, MOST_NAME) || "program";
    const head = [...new Uint8Array(bytes, 0, Math.min(20, bytes.byteLength))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (!head.startsWith(ELF_32) || head.slice(32, 40) !== ELF_KIND)
      this._say("bad", `${file.name} is not a static ELF for the i386: link it with -m32 -static -no-pie at 0x800020`);
    else if (bytes.byteLength > MOST_MODULE) this._say("bad", `${file.name} has more than ${MOST_MODULE >> 20} MiB: the machine has no room for it`);
    else {
      this.module = {name, bytes};
      element("program").value = name;
      this._submit(name);
    }
  }

  _show() {
    const {kernel, run} = this;
    element("kernel").value = run.kernel;
    element("program").value = run.program;
    if (run.module) this.module = run.module;
    element("programs").replaceChildren(...kernel.programs.map(({name, about}) => make("option", {value: name}, about)));
  }

  _say(kind, text) {
    const host = element("verdict");
    host.className = kind;
    host.textContent = text;
    const runs = kind === "runs";
    element("pause").disabled = kind !== "runs" && kind !== "stands";
    element("pause").textContent = runs || kind !== "stands" ? "Pause" : "Continue";
    element("restart").disabled = kind === "busy";
  }
}

async function startPlayground() {
  try {
    if (typeof WebAssembly !== "object" || typeof DecompressionStream !== "function")
      throw new Error("this browser has no WebAssembly or no DecompressionStream, which the emulator needs");
    const site = await fetchedJson("site.json");
    const wasm = await WebAssembly.compile(await fetched("vendor/v86/v86.wasm"));
    window.playground = new Playground(site, wasm, await Kept.open(location.pathname));
    await window.playground.start();
  } catch (error) {
    element("verdict").className = "bad";
    element("verdict").textContent = `The playground cannot start: ${error.message}.`;
    throw error;
  }
}
startPlayground();
