// SPDX-License-Identifier: MIT
"use strict";
/*
 * terminal - the serial line on the screen: xterm.js, and all that was printed as text.
 */

const MOST_TEXT = 200000;  // characters that are kept: a run's verdict needs its first and last lines

class SerialTerminal {
  // `typed` and `printed`: what to call with each text that is typed, and that the machine prints.
  constructor(host, typed, printed) {
    this.terminal = new Terminal({convertEol: false, fontSize: 14, lineHeight: 1.15, fontFamily: "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
      scrollback: 5000, theme: {background: "#12151a", foreground: "#eef1f5", cursor: "#ff8a3c"}});
    this.fit = new FitAddon.FitAddon();
    this.terminal.loadAddon(this.fit);
    this.terminal.open(host);
    this.terminal.onData(typed);
    this.printed = printed;
    this.text = "";
    this.unwritten = [];
    new ResizeObserver(() => this.fit.fit()).observe(host);
  }

  // Start with what an earlier part of the run has printed.
  reset(text = "") {
    this.terminal.reset();
    this.text = text;
    this.unwritten = [];
    this.decoder = new TextDecoder();
    this.terminal.write(text);
  }

  // A byte from the machine. Bytes are written together, once in a frame.
  byte(value) {
    if (this.unwritten.push(value) === 1) setTimeout(() => this.flush(), 15);
  }

  flush() {
    if (!this.unwritten.length) return;
    const bytes = new Uint8Array(this.unwritten);
    this.unwritten = [];
    const text = this.decoder.decode(bytes, {stream: true});
    this.text += text;
    this.printed(text);
    if (this.text.length > MOST_TEXT) this.text = `${this.text.slice(0, MOST_TEXT / 4)}\n...\n${this.text.slice(-MOST_TEXT / 4)}`;
    this.terminal.write(bytes);
  }

  focus() {
    this.terminal.focus();
  }

  // Leave the keys to the page.
  blur() {
    this.terminal.blur();
  }
}
