// The selected layer beside the latest ones.

import { showAges } from "./ages.js";
import { parse } from "./pieces.js";
import { oneStop } from "./strip.js";
import { showClock } from "../times.js";

let shown = location.search;

export function isFollowing() {
  return document.getElementById("detail").hasAttribute("data-following");
}

// What follows from pieces that came: which links lead to what is shown, one stop for Tab in each strip, times.
export function afterChange() {
  const chosen = document.getElementById("detail").dataset.selected;
  for (const link of document.querySelectorAll("a[data-layer]")) {
    if (link.dataset.layer === chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  for (const strip of document.querySelectorAll(".strip")) {
    const cells = strip.querySelectorAll("a.cell");
    const stop = strip.contains(document.activeElement) ? document.activeElement : cells[cells.length - 1];
    if (stop) oneStop(strip, stop);
  }
  document.querySelectorAll("time[data-clock]").forEach(showClock);
  showAges();
}

async function select(chosen, { push = true, focus = true } = {}) {
  const answer = await fetch(`/layers/${encodeURIComponent(chosen)}`);
  document.getElementById("detail").replaceWith(parse(await answer.text()).getElementById("detail"));
  if (push) goTo(`/?layer=${encodeURIComponent(chosen)}`);
  afterChange();
  if (focus) showDetail();
}

function goTo(address) {
  history.pushState({}, "", address);
  shown = location.search;
}

function showDetail() {
  const name = document.getElementById("detail-name");
  name.focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById("detail").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

async function followLatest() {
  goTo("/");
  const newest = document.querySelector("#rows [data-layer]")?.dataset.layer;
  const answer = await fetch(`/layers/${newest}?following=true`);
  document.getElementById("detail").replaceWith(parse(await answer.text()).getElementById("detail"));
  afterChange();
  showDetail();
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.target.closest("a[data-layer], a[data-follow]");
  if (!link) return;
  event.preventDefault();
  const going = link.hasAttribute("data-follow") ? followLatest() : select(link.dataset.layer);
  going.catch(() => location.assign(link.href)); // the plain link works as well
});

addEventListener("popstate", () => {
  if (location.search === shown) return; // only the fragment changed, as by the skip link
  shown = location.search;
  const chosen = new URLSearchParams(location.search).get("layer");
  if (chosen) select(chosen, { push: false, focus: false });
  else location.reload();
});

// A picture that cannot be loaded says so in words: its alternative text takes its place.
document.addEventListener("error", (event) => {
  if (event.target instanceof HTMLImageElement) event.target.classList.add("broken");
}, true);
