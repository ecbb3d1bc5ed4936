// SPDX-License-Identifier: MIT
"use strict";
/*
 * states - the state diagram: how many processes are in each state, and the path of the chosen one.
 */

const NODES = {UNINIT: [52, 40], RUNNABLE: [160, 40], RUNNING: [290, 40], ZOMBIE: [290, 165], GONE: [160, 165], SLEEPING: [225, 103]};
const ARROWS = [
  ["UNINIT", "RUNNABLE", "M92 40L118 40"], ["RUNNABLE", "RUNNING", "M202 32L247 32"], ["RUNNING", "RUNNABLE", "M247 48L203 48"],
  ["RUNNING", "SLEEPING", "M283 56C280 76 272 92 263 100"], ["SLEEPING", "RUNNABLE", "M187 100C176 90 168 74 165 57"],
  ["RUNNING", "ZOMBIE", "M302 56C310 90 310 115 302 148"], ["ZOMBIE", "GONE", "M248 165L203 165"],
];
const COUNT_PLACES = {"UNINIT RUNNABLE": [98, 30], "RUNNABLE RUNNING": [218, 25], "RUNNING RUNNABLE": [218, 62], "RUNNING SLEEPING": [279, 92],
  "SLEEPING RUNNABLE": [158, 88], "RUNNING ZOMBIE": [314, 106], "ZOMBIE GONE": [218, 158]};

class StateDiagram {
  constructor(host, trace, lives) {
    this.trace = trace;
    this.lives = lives;
    this.whose = host.querySelector(".whose");
    this.host = host.querySelector(".drawing");
  }

  // How often the life took each arrow until event i, and the arrow it took last.
  _path(life, i) {
    const walked = {};
    let state = "UNINIT", latest = "";
    for (const stay of life.stays) {
      if (stay.start > i) break;
      if (!(stay.start === 0 && life.fork < 0)) {
        latest = `${state} ${stay.state}`;
        walked[latest] = (walked[latest] || 0) + 1;
      }
      state = stay.state;
    }
    if (life.reap >= 0 && life.reap <= i) walked[latest = "ZOMBIE GONE"] = 1;
    return {walked, latest};
  }

  show({i, life}) {
    const {walked, latest} = life ? this._path(life, i) : {walked: {}, latest: ""};
    const state = life && life.stateAt(i), crowd = {};
    for (const one of this.lives.all) {
      const its = one.stateAt(i);
      if (its) crowd[its] = (crowd[its] || 0) + 1;
    }
    if (shows(this, JSON.stringify([walked, latest, state, crowd, life && life.title(i)]))) return;
    this.whose.textContent = life ? `the path of ${life.title(i)}` : "";
    const {defs, head} = fills();
    const edges = ARROWS.flatMap(([from, to, d]) => {
      const key = `${from} ${to}`, n = walked[key], [x, y] = COUNT_PLACES[key];
      const style = ["edge", n && "walked", n && key === latest && "latest"].filter(Boolean).join(" ");
      return [svg("path", {d, class: style, "marker-end": head}), n ? svgText(x, y, `×${n}`, {class: "small strong halo"}) : null];
    });
    const nodes = Object.entries(NODES).flatMap(([name, [x, y]]) => [
      svg("rect", {x: x - 42, y: y - 16, width: 84, height: 32, rx: 8, class: `node ${name === state ? "here" : ""}`}),
      svgText(x, y + 1, name, {"text-anchor": "middle", class: name === state ? "here" : ""}),
      svgText(x, y + 13, crowd[name] ? `${crowd[name]} now` : "", {"text-anchor": "middle", class: name === state ? "small here" : "small"}),
    ]);
    const words = life ? `${life.title(i)} is ${state || "not yet born"}; it went ${Object.entries(walked).map(([key, n]) => `${n} times ${key.replace(" ", " to ")}`).join(", ")}` : "";
    this.host.replaceChildren(svg("svg", {viewBox: "0 0 345 190", style: "width:100%;max-width:30rem", role: "img", "aria-label": words},
      defs, ...edges.filter(Boolean), ...nodes));
  }
}
