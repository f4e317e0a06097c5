// Keeps the page current: an event says that something came, the server sends the pieces of the page that changed.

import { oneStop } from "./strip.js";
import { lengthOf, setText, showClock } from "./times.js";

const body = document.body;
const SILENCE_MS = 20_000; // the server speaks every five seconds
const RETRY_MS = 2_000;
const SETTLE_MS = 100; // verdicts that come together are shown and said together

let cursor = body.dataset.cursor;
let source = null;
let heard = Date.now();
let clockAhead = 0; // this machine's clock against the server's, ms
let shown = location.search;
let wanted = false;
let busy = false;

// ---- events ----

function listen() {
  source?.close();
  heard = Date.now();
  source = new EventSource(`/api/events?after=${encodeURIComponent(cursor)}`);
  source.addEventListener("verdict", () => { heard = Date.now(); refresh(); });
  source.addEventListener("missed", () => location.reload());
  source.addEventListener("status", (event) => {
    heard = Date.now();
    show(JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    body.dataset.link = "lost";
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  });
}

function show(status) {
  clockAhead = Date.now() - Date.parse(status.now);
  body.dataset.link = status.redis === false ? "away" : status.loaded ? "live" : "connecting";
  body.dataset.loaded = status.loaded ? "yes" : "no";
  const since = document.querySelector("[data-away-since] time");
  since.dateTime = status.since;
  showClock(since);
}

// ---- pieces ----

async function refresh() {
  wanted = true;
  if (busy) return;
  busy = true;
  try {
    while (wanted) {
      await new Promise((done) => setTimeout(done, SETTLE_MS));
      wanted = false;
      await takeUpdate();
    }
  } catch (error) {
    console.info("update failed, the next event tries again:", error.message);
  } finally {
    busy = false;
  }
}

async function takeUpdate() {
  const following = document.getElementById("detail").hasAttribute("data-following");
  const answer = await fetch(`/live?after=${encodeURIComponent(cursor)}&follow=${following}`);
  if (answer.status === 205) return location.reload();
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const update = parse(await answer.text()).getElementById("update");
  if (update.dataset.cursor === cursor) return;
  await picturesReady(update);
  cursor = update.dataset.cursor;
  for (const piece of update.querySelectorAll(".printer, .now, .counts, .column, tr[id], .detail")) {
    if (!piece.parentElement?.closest(".printer")) place(piece);
  }
  afterChange();
  say("polite", update);
  say("urgent", update);
}

function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

// A picture that is there before its place in the page changes does not flicker.
function picturesReady(root) {
  const loads = [...root.querySelectorAll("img")].map((image) => {
    const early = new Image();
    early.src = image.getAttribute("src");
    return early.decode().catch(() => {});
  });
  return Promise.race([Promise.all(loads), new Promise((done) => setTimeout(done, 2_000))]);
}

function place(piece) {
  const old = document.getElementById(piece.id);
  if (!old) return insert(piece);
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  if (focused && piece.id === "detail") return; // somebody reads here
  old.replaceWith(piece);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function insert(piece) {
  const parent = document.getElementById(piece.dataset.into);
  if (!parent) return;
  const newestFirst = parent.hasAttribute("data-newest-first");
  const next = newestFirst ? parent.firstElementChild : [...parent.children].find((other) => isAfter(other, piece));
  parent.insertBefore(piece, next ?? null);
  const surplus = parent.children.length - Number(parent.dataset.keep || Infinity);
  for (let count = 0; count < surplus; count++) (newestFirst ? parent.lastElementChild : parent.firstElementChild).remove();
}

function isAfter(other, piece) {
  return other.dataset.order.localeCompare(piece.dataset.order, "en", { numeric: true }) > 0;
}

function say(how, update) {
  const text = update.querySelector(`[data-say="${how}"]`).textContent.trim();
  if (text) document.getElementById(`say-${how}`).textContent = text;
}

// ---- the selected layer ----

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

// ---- what changes with time and with every update ----

function afterChange() {
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
  tick();
}

function tick() {
  const stale = Number(body.dataset.staleSeconds);
  for (const now of document.querySelectorAll(".now")) {
    const age = Math.max(0, (Date.now() - clockAhead - Date.parse(now.dataset.published)) / 1000);
    const length = lengthOf(age);
    setText(now.querySelector("[data-age]"), `${length} ago`);
    setText(now.querySelector("[data-age-length]"), length);
    now.classList.toggle("stale", age > stale);
    now.querySelector(".silent").hidden = age <= stale;
  }
  if (Date.now() - heard > SILENCE_MS) {
    body.dataset.link = "lost";
    listen();
  }
}

// A picture that cannot be loaded says so in words: its alternative text takes its place.
document.addEventListener("error", (event) => {
  if (event.target instanceof HTMLImageElement) event.target.classList.add("broken");
}, true);

if (body.dataset.link === "static") body.dataset.link = "connecting";
afterChange();
setInterval(tick, 1000);
listen();
