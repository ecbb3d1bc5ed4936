// SPDX-License-Identifier: MIT
"use strict";
/*
 * together - the steps of a page: of one run, or of two runs of the same program, aligned by what the processes did.
 *
 * A process is the same in both runs if it is the n-th child of the same parent. Its deeds, which are its system calls and
 * the events of its life, are aligned in their order; then, between two deeds that both runs have, its other events. When the scheduler let it run
 * does not matter. A step is an event that both runs have, or one that only one of them has: the other run waits.
 */

const DEEDS = new Set(["exec", "fork", "exit", "reap", "kill", "syscall_enter", "syscall_leave"]);
const SAME = ["nr", "name", "va", "start"];                // fields that the same event has in both runs
const RESULTS = ["result", "code", "outcome"];             // fields that may differ in it
const MOST_CELLS = 4000000;
const FIRST = 1, SECOND = 2, BOTH = 3;

// The steps of one run: its events.
class Alone {
  constructor(player) {
    this.player = player;
  }

  get length() {
    return this.player.trace.length;
  }

  events(step) {
    return [step];
  }

  acts() {
    return true;
  }

  stepOf(player, i) {
    return i;
  }

  twin() {
    return null;
  }
}

// Pairs [x, y] of places in two lists that have the same there, in order: as many as there are, or nearly if the lists are long.
function common(a, b) {
  const head = [], tail = [];
  let first = 0, endA = a.length, endB = b.length;
  for (; first < endA && first < endB && a[first] === b[first]; first++) head.push([first, first]);
  while (endA > first && endB > first && a[endA - 1] === b[endB - 1]) tail.push([--endA, --endB]);
  const middle = (endA - first) * (endB - first) <= MOST_CELLS ? longest : inTurn;
  return [...head, ...middle(a.slice(first, endA), b.slice(first, endB)).map(([x, y]) => [x + first, y + first]), ...tail.reverse()];
}

// The longest common subsequence.
function longest(a, b) {
  const width = b.length + 1, rest = new Uint32Array((a.length + 1) * width), pairs = [];
  for (let x = a.length - 1; x >= 0; x--) {
    for (let y = b.length - 1; y >= 0; y--) {
      const here = x * width + y;
      rest[here] = a[x] === b[y] ? rest[here + width + 1] + 1 : Math.max(rest[here + width], rest[here + 1]);
    }
  }
  for (let x = 0, y = 0; x < a.length && y < b.length;) {
    if (a[x] === b[y]) pairs.push([x++, y++]);
    else if (rest[(x + 1) * width + y] >= rest[x * width + y + 1]) x++;
    else y++;
  }
  return pairs;
}

// For long lists: each takes the next place in the other list that has the same.
function inTurn(a, b) {
  const places = new Map(), pairs = [];
  for (let y = b.length - 1; y >= 0; y--) {
    if (!places.has(b[y])) places.set(b[y], []);
    places.get(b[y]).push(y);
  }
  let next = 0;
  a.forEach((same, x) => {
    const left = places.get(same) || [];
    while (left.length && left[left.length - 1] < next) left.pop();
    if (!left.length) return;
    next = left.pop() + 1;
    pairs.push([x, next - 1]);
  });
  return pairs;
}

// The name of an event with what it has in any run.
function likeness(trace, i) {
  const name = trace.name(i), labels = name === "state" ? ["from", "to"] : SAME;
  return [name, ...labels.filter((label) => trace.field(i, label) !== undefined).map((label) => trace.shown(i, label))].join(" ");
}

class Together {
  constructor(players) {
    this.players = players;
    this.twins = new Map();
    this.others = players.map(({trace}) => new Int32Array(trace.length).fill(-1));   // each event's counterpart in the other run
    this.own = players.map((player) => Together._byLife(player));
    this._pairLives();
    for (const [life, twin] of this.twins) if (this.own[0].has(life) && this.own[1].has(twin)) this._align(this.own[0].get(life), this.own[1].get(twin));
    this._order();
  }

  // The events that run in each life.
  static _byLife({lives}) {
    const found = new Map();
    lives.actors.forEach((life, i) => {
      if (!found.has(life)) found.set(life, []);
      found.get(life).push(i);
    });
    return found;
  }

  _pairLives() {
    const waiting = [this.players.map(({lives}) => lives.all.filter((life) => !life.parent).sort((a, b) => a.pid - b.pid))];
    while (waiting.length) {
      const [ours, theirs] = waiting.pop();
      ours.slice(0, theirs.length).forEach((life, n) => {
        this.twins.set(life, theirs[n]).set(theirs[n], life);
        waiting.push([life.children, theirs[n].children]);
      });
    }
  }

  _align(ours, theirs) {
    const [first, second] = this.players.map(({trace}) => trace), lists = [ours, theirs];
    const names = [ours.map((i) => likeness(first, i)), theirs.map((i) => likeness(second, i))];
    const deeds = lists.map((list, n) => list.map((_, at) => at).filter((at) => DEEDS.has(this.players[n].trace.name(list[at]))));
    const pairs = common(...deeds.map((places, n) => places.map((at) => names[n][at]))).map(([x, y]) => [deeds[0][x], deeds[1][y]]);
    let [from, start] = [0, 0];
    for (const [x, y] of [...pairs, [ours.length, theirs.length]]) {
      for (const [a, b] of common(names[0].slice(from, x), names[1].slice(start, y))) this._match(ours[from + a], theirs[start + b]);
      if (x < ours.length) this._match(ours[x], theirs[y]);
      [from, start] = [x + 1, y + 1];
    }
  }

  _match(i, j) {
    this.others[0][i] = j;
    this.others[1][j] = i;
  }

  // The steps: in the order of the first run. What only the second has follows what the same process did before it.
  _order() {
    const most = this.others[0].length + this.others[1].length;
    this.places = [new Int32Array(most), new Int32Array(most)];   // where each run is after a step
    this.who = new Uint8Array(most);
    this.steps = this.others.map((events) => new Int32Array(events.length));
    this.length = 0;
    this.latest = new Map();   // life of the second run -> how many of its events have had their step
    this.others[0].forEach((j, i) => {
      const twin = this.twins.get(this.players[0].lives.actors[i]), done = this.latest.get(twin) || 0;
      if (j < 0) {
        this._step(FIRST, i, done ? this.own[1].get(twin)[done - 1] : -1);
        return;
      }
      this._alone(this.players[1].lives.actors[j], (event) => event !== j);
      this._step(BOTH, i, j);
      this.latest.set(twin, (this.latest.get(twin) || 0) + 1);
      this._alone(twin, (event) => this.others[1][event] < 0);
    });
    for (const life of this.own[1].keys()) this._alone(life, () => true);
  }

  // Steps for the next events of a life of the second run, as long as wanted(event).
  _alone(life, wanted) {
    const events = this.own[1].get(life);
    let done = this.latest.get(life) || 0;
    for (; done < events.length && wanted(events[done]); done++) this._step(SECOND, -1, events[done]);
    this.latest.set(life, done);
  }

  // Add a step; -1: that run stays where it was.
  _step(who, i, j) {
    [i, j].forEach((event, n) => {
      this.places[n][this.length] = event >= 0 ? event : this.length ? this.places[n][this.length - 1] : 0;
      if (who & (n + 1)) this.steps[n][event] = this.length;
    });
    this.who[this.length++] = who;
  }

  events(step) {
    return this.places.map((places) => places[step]);
  }

  // Whether the player's run does something in this step.
  acts(step, player) {
    return Boolean(this.who[step] & (this.players.indexOf(player) + 1));
  }

  stepOf(player, i) {
    return this.steps[this.players.indexOf(player)][i];
  }

  // The same process in the other run.
  twin(life) {
    return this.twins.get(life) || null;
  }

  // Whether only one run does this, or both with another result.
  differs(step) {
    if (this.who[step] !== BOTH) return true;
    const [first, second] = this.players.map(({trace}) => trace), [i, j] = this.events(step);
    return RESULTS.some((label) => first.field(i, label) !== undefined && first.shown(i, label) !== second.shown(j, label));
  }

  about() {
    const counted = [FIRST, SECOND, BOTH].map((who) => this.who.subarray(0, this.length).filter((one) => one === who).length);
    return `Two runs, aligned by what each process did: ${counted[2]} events are in both, ${counted[0]} only in the first, ${counted[1]} only in the second.`;
  }
}
