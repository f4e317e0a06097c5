// Keeps the page current: an event says that something came, the server sends the pieces of the page that changed.

import "./acknowledge.js";
import { keepTime, setServerClock } from "./ages.js";
import { parse, picturesReady, place } from "./pieces.js";
import { afterChange, isFollowing } from "./selection.js";
import { announce, hearTroubles } from "./speech.js";
import { showClock } from "../times.js";

const body = document.body;
const SILENCE_MS = 20_000; // the server speaks every five seconds
const RETRY_MS = 2_000;
const SETTLE_MS = 100; // verdicts that come together are shown and said together
const PIECES = ".standing, .printer, .now, .told, .counts, .column, tr[id], .detail";

let cursor = body.dataset.cursor;
let told = body.dataset.told;
let source = null;
let heard = Date.now();
let wanted = false;
let busy = false;

// ---- events ----

function listen() {
  source?.close();
  heard = Date.now();
  source = new EventSource(`/api/events?${new URLSearchParams({ after: cursor, told })}`);
  source.addEventListener("verdict", hear);
  source.addEventListener("told", hear);
  source.addEventListener("missed", () => location.reload());
  source.addEventListener("status", (event) => {
    heard = Date.now();
    show(JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    body.dataset.link = "lost";
    if (source.readyState === EventSource.CLOSED) setTimeout(listenAgain, RETRY_MS);
  });
}

function hear() {
  heard = Date.now();
  refresh();
}

// A stream that is refused does not say why; who has to log in again is led there by the page itself.
async function listenAgain() {
  const answer = await fetch("/api/status").catch(() => null);
  if (answer?.status === 401) location.reload();
  else listen();
}

function show(status) {
  setServerClock(status.now);
  body.dataset.link = status.redis === false ? "away" : status.loaded ? "live" : "connecting";
  body.dataset.loaded = status.loaded ? "yes" : "no";
  const since = document.querySelector("[data-away-since] time");
  since.dateTime = status.since;
  showClock(since);
  if (status.standing !== standing()) refresh();
}

function standing() {
  return document.getElementById("standing").dataset.standing;
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
  const known = { after: cursor, told, standing: standing(), follow: isFollowing() };
  const answer = await fetch(`/live?${new URLSearchParams(known)}`);
  if (answer.status === 205) return location.reload();
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const update = parse(await answer.text()).getElementById("update");
  await picturesReady(update);
  ({ cursor, told } = update.dataset);
  for (const piece of update.querySelectorAll(PIECES)) {
    if (!piece.parentElement?.closest(".printer")) place(piece);
  }
  afterChange();
  const troubles = hearTroubles();
  announce("polite", saidIn(update, "polite"), troubles.polite);
  announce("urgent", saidIn(update, "urgent"), troubles.urgent);
}

function saidIn(update, how) {
  return update.querySelector(`[data-say="${how}"]`).textContent.trim();
}

if (body.dataset.link === "static") body.dataset.link = "connecting";
afterChange();
keepTime(() => {
  if (Date.now() - heard <= SILENCE_MS) return;
  body.dataset.link = "lost";
  listen();
});
listen();
