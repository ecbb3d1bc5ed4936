// SPDX-License-Identifier: MIT
"use strict";
/*
 * verdict - how a run ended, in the words of tools/run: its status, and the line that gives the reason.
 */

const POWER_PASSED = 0x10, POWER_FAILED = 0x11, POWER_PANIC = 0x12, POWER_CHECK = 0x13;
const STATUS_OF = {[POWER_PASSED]: 0, [POWER_FAILED]: 1, [POWER_PANIC]: 2, [POWER_CHECK]: 3};
const NO_VERDICT = 4, NOT_RUN = 5, LAST_LINE = "init check memory pass.";
const COMPLAINT = /^kernel panic at |^kernel check failed:|^(KASAN|UBSAN|stack smashing)\b/;

class Verdict {
  // `value`: what the kernel wrote to the port; `serial`: all that it printed; `statuses`: what tools/run's statuses mean.
  constructor(value, serial, program, statuses) {
    this.lines = serial.replace(/\r/g, "").split("\n").filter((line) => line !== "");
    this.program = program || "sh";
    this.status = value in STATUS_OF ? STATUS_OF[value] : NO_VERDICT;
    const reason = this._reason(value);
    this.text = [statuses[this.status], reason].filter(Boolean).join(": ");
  }

  _reason(value) {
    switch (value) {
      case POWER_PASSED: return this._contradiction();
      case POWER_FAILED: return this._failure();
      case POWER_PANIC: return this._quote(/^kernel panic|^ucow: /) || "the kernel panicked without a message";
      case POWER_CHECK: return this._quote(/^kernel check failed/) || "a check of the kernel failed without a message";
      default: return `the kernel ended the machine with the unknown value ${value}`;
    }
  }

  // What contradicts a run that passed.
  _contradiction() {
    const banners = this.lines.filter((line) => /^ucow [0-9]/.test(line)).length, complaint = this.lines.find((line) => COMPLAINT.test(line));
    let lie = "";
    if (banners !== 1) lie = `its first line was seen ${banners} times`;
    else if (complaint) lie = `before it said: ${complaint.replace(/:$/, "")}`;
    else if (this.lines[this.lines.length - 1] !== LAST_LINE) lie = "its last line is missing";
    if (!lie) return "";
    this.status = NO_VERDICT;
    return `the kernel ended as if all had passed, but ${lie}`;
  }

  // The first line that matches, with the line below if that is indented.
  _quote(pattern) {
    const at = this.lines.findIndex((line) => pattern.test(line));
    if (at < 0) return "";
    const below = this.lines[at + 1] || "";
    return `${this.lines[at]}${below.startsWith("    ") ? ` ${below.trim()}` : ""}`.replace(/:$/, "");
  }

  _failure() {
    const exercise = this.lines.find((line) => line.startsWith("exercise: "));
    if (exercise) return exercise;
    const failed = this.lines.map((line) => line.match(/^kernel_execve: "(.*)" failed: (.*)$/)).find(Boolean);
    if (failed && failed[2].includes("(-16)")) {
      this.status = NOT_RUN;
      return `there is no program ${failed[1]}`;
    }
    if (failed) return `${failed[1]} could not be started: ${failed[2]}`;
    const ended = this.lines.map((line) => line.match(/^init: program "(.*)" (ended with exit code (.*)\.)$/)).filter(Boolean).pop();
    if (!ended) return "the program failed without a message of the kernel";
    if (ended[3] === "-9") return this._killed(ended[1]);
    return `${ended[1]} ${ended[2]}`;
  }

  _killed(name) {
    const trap = this.lines.map((line) => line.match(/^  trap 0x[0-9a-f]* *(.*)$/)).filter(Boolean).pop();
    return `${name} ended with exit code -9: killed${trap ? ` by the kernel (${trap[1]})` : ""}`;
  }
}
