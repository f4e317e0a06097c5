// How old what is shown is, by the server's clock: that of a screen on a wall may be wrong.

import { lengthOf, setText } from "../times.js";

let ahead = 0; // this machine's clock against the server's, ms

export function setServerClock(now) {
  ahead = Date.now() - Date.parse(now);
}

export function showAges() {
  const stale = Number(document.body.dataset.staleSeconds);
  for (const now of document.querySelectorAll(".now")) {
    const age = Math.max(0, (Date.now() - ahead - Date.parse(now.dataset.published)) / 1000);
    const length = lengthOf(age);
    setText(now.querySelector("[data-age]"), `${length} ago`);
    setText(now.querySelector("[data-age-length]"), length);
    now.classList.toggle("stale", age > stale);
    now.querySelector(".silent").hidden = age <= stale;
  }
}

export function keepTime() {
  setInterval(showAges, 1000);
}
