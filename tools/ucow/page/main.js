// SPDX-License-Identifier: MIT
"use strict";
/*
 * main - what is chosen, and what keys and buttons do. A Player is one run with its views; two of them step together (together.js).
 */

const JUMPS = [["f", "fork", (t, i) => t.name(i) === "fork"], ["p", "fault", (t, i) => t.name(i) === "fault"],
  ["c", "copy", (t, i) => t.name(i) === "page_copy" || t.name(i) === "table_copy"], ["e", "exit", (t, i) => t.name(i) === "exit"],
  ["s", "switch", (t, i) => t.name(i) === "switch"]];

class Player {
  constructor(data, host, act) {
    this.data = data;
    this.trace = new Trace(new TraceFormat(data.format), data.bytes || bytesOfBase64(data.records), data.lost, data.tscPerTick, data.bootTsc);
    if (!this.trace.length) throw new Error("the trace has no events");
    this.lives = new Lives(this.trace);
    this.moments = new Moments(this.trace);
    this.words = new Words(this.trace, this.lives);
    this.hasPages = this.trace.format.events.some((event) => event && event.name === "page");
    this.i = 0;
    this.pinned = null;      // the life that was chosen; null: the one that runs
    this.wanted = "";
    this.host = host;
    const part = (name) => host.querySelector(`.${name}`);
    this.act = {go: (i, life) => act.go(this, i, life), choose: (life) => act.choose(this, life)};
    this.timeline = new Timeline(part("lives"), this.trace, this.lives, this.act);
    this.views = [new EventList(part("events"), this.trace, this.lives, this.act), this.timeline, new PageMap(part("memory"), this.lives),
      new StateDiagram(part("diagram"), this.trace, this.lives), new SourceView(part("source"), this.trace, this.lives, data.sources),
      new Tables(part("tables"), this.lives)];
    this._sayLost(part("lost"));
  }

  _sayLost(host) {
    if (!this.trace.lost) return;
    host.hidden = false;
    host.textContent = `The ring has lost the first ${this.trace.lost} events. What happened before is not drawn; trace_kib= on the kernel's command line makes the ring larger.`;
  }

  // Take the records that follow, from a machine that runs.
  grow(bytes) {
    this.trace.grow(bytes);
    this.lives.grow();
    for (const view of this.views) if (view.grown) view.grown();
  }

  moment() {
    const {trace, lives, i} = this;
    const world = this.moments.world(i), life = this.pinned || this._runs(i);
    const sharing = new Sharing(world), va = ["fault", "page", "page_copy", "evict"].includes(trace.name(i)) ? trace.field(i, "va") : null;
    return {i, world, sharing, life, hasPages: this.hasPages, lost: trace.lost, touched: va === null ? null : va >>> 12,
      actor: trace.pids[i], running: trace.name(i) === "switch" ? trace.field(i, "to") : trace.pids[i],
      found: (n) => this.wanted !== "" && trace.line(n).includes(this.wanted), counts: (one) => this._counts(world, sharing, one)};
  }

  // The process to show when none is chosen: that of the event, but for those that have no memory, the one they are about.
  _runs(i) {
    const actor = this.lives.actors[i], other = this.lives.about.get(i);
    return actor.pid <= INIT && other ? other : actor;
  }

  _counts(world, sharing, life) {
    const space = world.spaces.get(life.pid);
    if (!space) return null;
    const counts = {};
    for (const [page] of space.pages()) {
      const {kind} = sharing.page(space, page);
      counts[kind] = (counts[kind] || 0) + 1;
    }
    return counts;
  }

  show() {
    const moment = this.moment();
    for (const view of this.views) if (view.prepare) view.prepare(moment);
    this.host.querySelector(".line").textContent = `event ${this.trace.lost + this.i} of ${this.trace.lost + this.trace.length - 1}  ${this.trace.line(this.i)}`;
    this.host.querySelector(".sentence").textContent = this.words.sentence(this.i, moment.world);
    for (const view of this.views) view.show(moment);
  }

  // The next (1) or previous (-1) process that exists at this moment.
  next(step) {
    const alive = this.lives.ordered.filter((life) => life.stateAt(this.i) && life.stateAt(this.i) !== "GONE");
    return alive[(alive.indexOf(this.pinned || this._runs(this.i)) + step + alive.length) % alive.length] || null;
  }
}

class Page {
  constructor(runs) {
    this.host = document.getElementById("runs");
    this.scrub = document.getElementById("scrub");
    this.scrub.addEventListener("input", () => this.go(Number(this.scrub.value)));
    this.show(runs);
    document.getElementById("about").textContent = runs.length > 1 ? this.steps.about() : runs[0].about;
    this._buttons();
    this._keys();
    this._search();
    this._theme();
    document.getElementById("link").addEventListener("click", () => this.link());
    window.addEventListener("resize", () => this._resized());
    window.addEventListener("beforeprint", () => this._resized(true));
    window.addEventListener("afterprint", () => this._resized());
    window.addEventListener("hashchange", () => this.fromLink());
    if (!this.fromLink()) this.go(this._start());
  }

  // Show these runs instead of those before.
  show(runs) {
    this.host.replaceChildren();
    this.host.classList.toggle("two", runs.length > 1);
    this.players = runs.map((data) => {
      const section = document.getElementById("run").content.cloneNode(true).querySelector(".run");
      this.host.append(section);
      if (runs.length > 1) Object.assign(section.querySelector(".which"), {hidden: false, textContent: data.about});
      return new Player(data, section, {go: (player, i, life) => this.go(this.steps.stepOf(player, i), life), choose: (player, life) => this.choose(player, life)});
    });
    this.lead = this.players[0];
    this.steps = runs.length > 1 ? new Together(this.players) : new Alone(this.lead);
    this.at = 0;
    this.scrub.max = this.steps.length - 1;
  }

  // The machine has run on. A page that shows the last event goes on to the new last one; else it stays where the reader is.
  grow(bytes) {
    const follows = this.at >= this.steps.length - 1;
    this.lead.grow(bytes);
    this.scrub.max = this.steps.length - 1;
    this.go(follows ? this.steps.length - 1 : this.at);
  }

  // A page opens where the first program begins: before that there is nothing to see.
  _start() {
    const first = this.lead.trace.find(-1, 1, (i) => this.lead.trace.name(i) === "exec");
    return first < 0 ? 0 : this.steps.stepOf(this.lead, first);
  }

  // Say what a key or a button could not do, until the next step.
  say(text) {
    document.getElementById("said").textContent = text;
  }

  // Show a step; `life`: choose this process, too.
  go(step, life) {
    this.say("");
    this.at = Math.max(0, Math.min(this.steps.length - 1, step));
    this.scrub.value = this.at;
    const events = this.steps.events(this.at);
    this.players.forEach((player, n) => {
      if (life) player.pinned = player.lives.all.includes(life) ? life : this.steps.twin(life);
      player.i = events[n];
      player.host.classList.toggle("waits", !this.steps.acts(this.at, player));
      player.show();
    });
  }

  // Go to the next step, or with -1 the previous one, in which a run does what is wanted; or say that there is no such `name`.
  jump(direction, name, wanted) {
    return this._seek(direction, name, (step) => this.players.some((player, n) =>
      this.steps.acts(step, player) && wanted(player.trace, this.steps.events(step)[n])));
  }

  _seek(direction, name, wanted) {
    for (let step = this.at + direction; step >= 0 && step < this.steps.length; step += direction) {
      if (!wanted(step)) continue;
      this.go(step);
      return true;
    }
    this.say(direction > 0 ? `no later ${name}` : `no earlier ${name}`);
    return false;
  }

  // Choose a process of a player, or choose it no longer; in the other run, the same process.
  choose(player, life) {
    const chosen = player.pinned === life ? null : life;
    for (const one of this.players) one.pinned = one === player || !chosen ? chosen : this.steps.twin(chosen);
    for (const one of this.players) one.show();
  }

  _buttons() {
    const add = (id, text, label, act) =>
      document.getElementById(id).append(make("button", {type: "button", title: label, "aria-label": label, onclick: act}, ...[].concat(text)));
    const key = (name) => make("kbd", {}, name);
    add("steps", "|◀", "First event", () => this.go(0));
    add("steps", ["◀ ", key("←")], "One event back", () => this.go(this.at - 1));
    add("steps", ["▶ ", key("→")], "One event on", () => this.go(this.at + 1));
    add("steps", "▶|", "Last event", () => this.go(this.steps.length - 1));
    add("steps", ["play ", key("space")], "Play slowly, or stop", () => this.play());
    this.playButton = document.getElementById("steps").lastChild;
    for (const [letter, name, wanted] of JUMPS)
      add("jumps", [`next ${name} `, key(letter)], `Next ${name}; with shift: previous`, (event) => this.jump(event.shiftKey ? -1 : 1, name, wanted));
    if (this.players.length > 1)
      add("jumps", ["next difference ", key("d")], "Next difference of the runs; with shift: previous", (event) => this._difference(event.shiftKey ? -1 : 1));
  }

  play() {
    clearInterval(this.playing);
    this.playing = this.playing ? null : setInterval(() => {
      if (this.at >= this.steps.length - 1) this.play();
      else this.go(this.at + 1);
    }, 600);
    this.playButton.firstChild.textContent = this.playing ? "stop " : "play ";
  }

  _keys() {
    const keys = {ArrowRight: () => this.go(this.at + 1), ArrowLeft: () => this.go(this.at - 1), Home: () => this.go(0),
      End: () => this.go(this.steps.length - 1), PageDown: () => this.go(this.at + 20), PageUp: () => this.go(this.at - 20),
      " ": () => this.play(), "/": () => document.getElementById("wanted").focus(), "?": () => document.getElementById("help").showModal(),
      "[": () => this.choose(this.lead, this.lead.next(-1)), "]": () => this.choose(this.lead, this.lead.next(1)), Escape: () => this.choose(this.lead, this.lead.pinned),
      n: () => this._find(1), N: () => this._find(-1), "+": () => this._timelines("scale", 2), "-": () => this._timelines("scale", 0.5),
      0: () => this._timelines("scale", 0), t: () => this._timelines("toggleClock")};
    for (const [letter, name, wanted] of JUMPS) {
      keys[letter] = () => this.jump(1, name, wanted);
      keys[letter.toUpperCase()] = () => this.jump(-1, name, wanted);
    }
    if (this.players.length > 1) Object.assign(keys, {d: () => this._difference(1), D: () => this._difference(-1)});
    document.addEventListener("keydown", (event) => {
      const typing = event.target.matches("input:not([type=range]), select, textarea") || event.target.closest("dialog");
      if (typing || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
      if (event.key === " " && event.target.matches("button, summary")) return;
      keys[event.key]();
      event.preventDefault();
    });
    this._help();
  }

  _timelines(what, factor) {
    for (const {timeline} of this.players) timeline[what](factor);
  }

  _difference(direction) {
    return this._seek(direction, "difference", (step) => this.steps.differs(step));
  }

  _help() {
    const lines = [["→ ←", "one event on, back"], ["Page down, up", "20 events"], ["Home End", "first, last event"],
      ...JUMPS.map(([letter, name]) => [`${letter} ${letter.toUpperCase()}`, `next, previous ${name}`]),
      ...(this.players.length > 1 ? [["d D", "next, previous difference of the runs"]] : []), ["space", "play, stop"],
      ["[ ]", "choose the previous, next process"], ["Escape", "choose none: show the one that runs"], ["/", "search"], ["n N", "next, previous found"],
      ["+ - 0", "zoom the timeline, show all of it"], ["t", "timeline by event or by clock"], ["?", "this help"]];
    document.getElementById("keys").append(...lines.map(([keys, what]) => make("tr", {}, make("td", {}, make("kbd", {}, keys)), make("td", {}, what))));
    document.getElementById("help-open").addEventListener("click", () => document.getElementById("help").showModal());
  }

  _search() {
    const field = document.getElementById("wanted");
    document.getElementById("search").addEventListener("submit", (event) => {
      event.preventDefault();
      for (const player of this.players) player.wanted = field.value.trim();
      field.setCustomValidity("");
      if (!this._find(1) && !this._find(-1) && this.lead.wanted) field.setCustomValidity("no event has this text"), this.say("");
      field.reportValidity();
    });
    field.addEventListener("input", () => field.setCustomValidity(""));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") field.blur();
    });
  }

  _find(step) {
    const {wanted} = this.lead;
    return wanted !== "" && this.jump(step, "event with this text", (trace, i) => trace.line(i).includes(wanted));
  }

  _theme() {
    document.getElementById("theme").addEventListener("click", () => {
      const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
      for (const player of this.players) player.timeline.recoloured();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.players.forEach((player) => player.timeline.recoloured()));
  }

  _resized(whole) {
    for (const player of this.players) {
      for (const view of player.views) if (view.resized) view.resized(whole === true);
      player.show();
    }
  }

  // Make the address of the page a link to this moment, and copy it.
  link() {
    const {lead} = this, {playground} = window;
    const problem = playground && playground.linkProblem();
    if (problem) return this.say(problem);
    const link = new URLSearchParams(location.hash.slice(1));
    link.set("event", playground ? this._ordinal(lead.i) : lead.trace.lost + lead.i);
    if (lead.pinned) link.set("pid", lead.pinned.pid);
    else link.delete("pid");
    history.replaceState(null, "", `#${link}`);
    if (playground) playground.linked();
    const say = (how) => this.say(`the address of this page now opens this event${how}`);
    say("");
    if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(() => say(", and is copied"), () => {});
    return undefined;
  }

  // fork:2, the second fork: also in a run whose times are others.
  _ordinal(i) {
    const {trace} = this.lead;
    let n = 1;
    for (let at = 0; at < i; at++) n += trace.kinds[at] === trace.kinds[i];
    return `${trace.name(i)}:${n}`;
  }

  // The event that a link names: by its number, or as in fork:2; NaN if there is none.
  _named(text) {
    const {trace} = this.lead, [kind, nth] = text.split(":");
    if (nth === undefined) return Number(text) - trace.lost;
    let left = Number(nth);
    const i = trace.find(-1, 1, (at) => trace.name(at) === kind && --left === 0);
    return i < 0 ? NaN : i;
  }

  // #event=120&pid=3
  fromLink() {
    const link = new URLSearchParams(location.hash.slice(1));
    if (!link.has("event")) return false;
    const i = this._named(link.get("event"));
    if (Number.isNaN(i)) {
      this.go(window.page ? this.at : this._start());
      this.say(`this run has no event ${link.get("event")}`);
      return true;
    }
    const pid = link.has("pid") ? Number(link.get("pid")) : -1;
    const life = this.lead.lives.all.find((one) => one.pid === pid && one.first <= i && (one.reap < 0 || i <= one.reap));
    const event = Math.floor(Math.max(0, Math.min(this.lead.trace.length - 1, i)));
    this.go(this.steps.stepOf(this.lead, event), life);
    return true;
  }
}
