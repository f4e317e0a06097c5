// New verdicts of this build as they come, and how old what one sees is.

import { showClock } from "../times.js";

const body = document.body;
const SILENCE_MS = 20_000; // the server speaks every five seconds
const RETRY_MS = 2_000;

// `took` is called with each new verdict of the build, `told` with what is told over its layers, `missed` when some
// verdicts cannot be had any longer.
export function listen({ printer, build, took, told, missed }) {
  let cursor = body.dataset.cursor;
  let heard = Date.now();
  let source = null;
  const isOurs = (what) => what.printer === printer && what.build === build;

  function open() {
    source?.close();
    heard = Date.now();
    source = new EventSource(`/api/events?after=${encodeURIComponent(cursor)}`);
    source.addEventListener("verdict", (event) => {
      heard = Date.now();
      cursor = event.lastEventId;
      const verdict = JSON.parse(event.data);
      if (isOurs(verdict)) took(verdict);
    });
    source.addEventListener("told", (event) => {
      const what = JSON.parse(event.data);
      if (isOurs(what)) told(what);
    });
    source.addEventListener("missed", missed);
    source.addEventListener("status", (event) => {
      heard = Date.now();
      show(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      body.dataset.link = "lost";
      if (source.readyState === EventSource.CLOSED) setTimeout(openAgain, RETRY_MS);
    });
  }

  // A stream that is refused does not say why; who has to log in again is led there by the page itself.
  async function openAgain() {
    const answer = await fetch(`/api/builds/${printer}/${build}`).catch(() => null);
    if (answer?.status === 401) location.reload();
    else open();
  }

  setInterval(() => {
    if (Date.now() - heard <= SILENCE_MS) return;
    body.dataset.link = "lost";
    open();
  }, 1000);
  open();
}

function show(status) {
  body.dataset.link = status.redis === false ? "away" : status.loaded ? "live" : "connecting";
  const since = document.querySelector("[data-away-since] time");
  since.dateTime = status.since;
  showClock(since);
}

// A verdict as the strip has it.
export function setOf(verdict) {
  const { layer, stage, decision, regions, timing } = verdict;
  const seconds = Math.max(0, (new Date(timing.published) - new Date(timing.captured)) / 1000);
  return { layer, stage, decision, inspection: verdict.id, regions: regions.length, ratio: verdict.defect_area_ratio, seconds };
}
