// SPDX-License-Identifier: MIT
"use strict";
/*
 * start - opens the page on the runs that are in it.
 */

function start() {
  const host = document.getElementById("runs");
  try {
    const runs = [...document.querySelectorAll("script[type='application/json']")].map((element) => JSON.parse(element.textContent));
    window.page = new Page(runs);
  } catch (error) {
    host.append(make("p", {class: "failed", role: "alert"}, `This page cannot show its trace: ${error.message}.`));
    throw error;
  }
}
start();
