// SPDX-License-Identifier: MIT
"use strict";
/*
 * kept - the state of the machine in the browser's own storage, so that a reload goes on where it was. Nothing leaves the
 * browser. A browser that permits no storage keeps nothing, and the machine starts anew.
 */

const STORE = "machine", ONLY = "the only one";

class Kept {
  // `name`: of this copy of the playground; another on the same host has a state of its own.
  static async open(name) {
    const kept = new Kept();
    kept.database = await new Promise((done) => {
      try {
        const request = indexedDB.open(`ucow ${name}`, 1);
        request.onupgradeneeded = () => request.result.createObjectStore(STORE);
        request.onsuccess = () => done(request.result);
        request.onerror = () => done(null);
      } catch {
        done(null);
      }
    });
    return kept;
  }

  async _do(mode, act) {
    if (!this.database) return null;
    return new Promise((done) => {
      const request = act(this.database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => done(request.result);
      request.onerror = () => done(null);
    });
  }

  get() {
    return this._do("readonly", (store) => store.get(ONLY));
  }

  put(value) {
    return this._do("readwrite", (store) => store.put(value, ONLY));
  }

  remove() {
    return this._do("readwrite", (store) => store.delete(ONLY));
  }
}
