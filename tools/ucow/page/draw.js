// SPDX-License-Identifier: MIT
"use strict";
/*
 * draw - elements of HTML and SVG, and the fills that pages and states have: each a colour, a pattern and a word.
 */

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name in element && name !== "list" && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Whether a view already shows what `key` stands for; the caller draws it otherwise.
function shows(view, key) {
  const same = view.shown === key;
  view.shown = key;
  return same;
}

const ruler = document.createElement("canvas").getContext("2d");

// A text that is no wider than `pixels` in a font: what is left out is marked.
function shortened(text, pixels, font) {
  ruler.font = font;
  const letters = [...text];
  let shown = text;
  while (letters.length && ruler.measureText(shown).width > pixels) {
    letters.pop();
    shown = `${letters.join("")}…`;
  }
  return shown;
}

const svgText = (x, y, text, more) => svg("text", {x, y, ...more}, text);

// What the pattern over each colour is: in black and white it alone tells them apart.
const PATTERNS = {private: "", cow: "slant", alone: "thin", readonly: "dots", cache: "grid", shared: "cross", disk: "", stored: "",
  untouched: ""};
const LINES = {slant: "M0 8L8 0M-2 2L2 -2M6 10L10 6", thin: "M0 8L8 0", dots: "M2 2h1.5M6 6h1.5", grid: "M0 4h8", cross: "M0 0L8 8M0 8L8 0"};

let patternsMade = 0;

// <defs> for a drawing; fill(kind) is what to fill a shape with. Ids are unique in the page.
function fills() {
  const prefix = `p${patternsMade++}-`;
  const defs = svg("defs");
  for (const [kind, pattern] of Object.entries(PATTERNS)) {
    const colour = kind === "stored" ? "disk" : kind;
    const tile = svg("pattern", {id: prefix + kind, width: 8, height: 8, patternUnits: "userSpaceOnUse"},
      svg("rect", {width: 8, height: 8, style: `fill:var(--${colour})`}),
      pattern && svg("path", {d: LINES[pattern], style: "stroke:var(--ink);fill:none", "stroke-width": pattern === "dots" ? 1.8 : 0.9, opacity: 0.55}));
    defs.append(tile);
  }
  defs.append(svg("marker", {id: prefix + "head", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse"},
    svg("path", {d: "M0 0L8 4L0 8z", style: "fill:context-stroke"})));
  return {defs, fill: (kind) => `url(#${prefix}${kind})`, head: `url(#${prefix}head)`};
}

function swatch(kind, words) {
  const {defs, fill} = fills();
  const shape = svg("rect", {x: 1, y: 1, width: 26, height: 14, rx: 2, class: `cell ${kind === "untouched" ? kind : ""}`, fill: fill(kind)});
  return make("span", {}, svg("svg", {width: 28, height: 16, "aria-hidden": "true"}, defs, shape), words);
}

// A colour of the style sheet, for canvases.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
