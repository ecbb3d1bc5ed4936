// SPDX-License-Identifier: MIT
"use strict";
/*
 * tables - what the pictures show, as tables: for screen readers, and to copy from.
 */

function table(caption, heads, rows) {
  return make("table", {}, make("caption", {}, caption), make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", {scope: "col"}, head)))),
    make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, String(cell)))))));
}

class Tables {
  constructor(host, lives) {
    this.lives = lives;
    this.host = host;
    this.content = host.querySelector(".content");
    host.addEventListener("toggle", () => this._fill());
  }

  show(moment) {
    this.moment = moment;
    this._fill();
  }

  // Whether a process has pages that are not in the tables.
  _lacks(life) {
    const space = this.moment.world.spaces.get(life.pid);
    return space ? !space.whole : pagesUnknown(this.moment, life);
  }

  _fill() {
    if (!this.host.open || !this.moment) return;
    const {i, life, world, sharing, counts} = this.moment;
    const alive = this.lives.ordered.filter((one) => one.stateAt(i) && one.stateAt(i) !== "GONE");
    const processes = alive.map((one) => {
      const its = Object.entries(counts(one) || {}).map(([kind, n]) => `${n} ${KINDS[kind]}`);
      if (this._lacks(one)) its.push(its.length ? "others not known" : "not known");
      return [one.pid, one.nameAt(i), one.parent ? one.parent.pid : "", one.stateAt(i), its.join(", ") || "none"];
    });
    const space = world.spaces.get(life.pid);
    const pages = !space ? [] : space.pages().map(([number]) => {
      const page = sharing.page(space, number);
      return [hex(number * 4096), PageMap.regionName(space.region(number)), KINDS[page.kind], page.frame ? hex(page.frame) : "",
        page.frame ? sharing.count(page.frame) : "", page.slot || "", page.byTable ? "shared" : "", page.pids.join(" ")];
    });
    this.content.replaceChildren(table("Processes", ["pid", "name", "parent", "state", "pages"], processes),
      table(`Pages of ${life.title(i)}${this._lacks(life) ? "; others are not known, because the ring has lost events" : ""}`, ["address", "region", "kind", "frame", "references", "slot", "page table", "also of"], pages));
  }
}
