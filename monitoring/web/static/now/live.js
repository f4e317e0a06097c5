// Keeps the page current: an event says that something came, the server sends the pieces of the page that changed.

import "./acknowledge.js";
import { keepTime, setServerClock } from "./ages.js";
import { parse, picturesReady, place } from "./pieces.js";
import { afterChange, isFollowing } from "./selection.js";
import { announce, hearTroubles } from "./speech.js";
import { listen } from "../server_events.js";

const body = document.body;
const SETTLE_MS = 100; // verdicts that come together are shown and said together
const PIECES = ".standing, .printer, .now, .told, .counts, .column, tr[id], .detail";

let cursor = body.dataset.cursor;
let told = body.dataset.told;
let wanted = false;
let busy = false;

// ---- events ----

function hearStatus(status) {
  setServerClock(status.now);
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
keepTime();
listen(() => ({ after: cursor, told }), { verdict: refresh, told: refresh, status: hearStatus });
