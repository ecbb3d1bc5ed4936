// SPDX-License-Identifier: MIT
"use strict";
/*
 * deaths - says of each process that the kernel killed why, and where in its source: read from the serial line, as tools/run does.
 */

const MOST_DEATHS = 5;   // that are listed, the latest
const DIES = /^pid (\d+) "(.*)" dies: (.*)$/, EIP = /^ {2}eip {2}0x([0-9a-f]+)/;

class Deaths {
  // `linesOf(name)`: a promise of the ProgramLines of a program; it may fail.
  constructor(host, linesOf) {
    this.host = host;
    this.linesOf = linesOf;
    this.reset();
  }

  reset(text = "") {
    this.rest = "";
    this.report = null;   // of the death that is being printed
    this.told = [];
    this._show();
    this.add(text);
  }

  // More of the serial line.
  add(text) {
    const lines = (this.rest + text.replace(/\r/g, "")).split("\n");
    this.rest = lines.pop();
    for (const line of lines) this._line(line);
  }

  _line(line) {
    const dies = line.match(DIES), {report} = this;
    if (dies) this.report = {pid: dies[1], name: dies[2], why: dies[3], eip: 0};
    if (!report) return;
    const eip = line.match(EIP);
    if (eip) report.eip = parseInt(eip[1], 16);
    if (line !== "killed by kernel.") return;
    this.report = null;
    this._tell(report);
  }

  async _tell({pid, name, why, eip}) {
    const {told} = this, n = told.push(`pid ${pid} "${name}" died: ${why}`) - 1;
    this._show();
    const {name: inside, file, line} = await this.linesOf(name).then((lines) => lines.where(eip)).catch(() => ({}));
    const place = [inside, file && `${Deaths.path(file)}:${line}`].filter(Boolean).join(", ");
    if (place) told[n] += `, in ${place}`;
    if (told === this.told) this._show();
  }

  // A path that the compiler wrote, without what differs from machine to machine.
  static path(file) {
    return file.startsWith("/") ? file.split("/").pop() : file.replace(/^(\.\.?\/)+/, "");
  }

  _show() {
    const shown = this.told.slice(-MOST_DEATHS), before = this.told.length - shown.length;
    this.host.hidden = !shown.length;
    this.host.replaceChildren(...(before ? [make("p", {}, `${before} more died before:`)] : []), ...shown.map((text) => make("p", {}, text)));
  }
}
