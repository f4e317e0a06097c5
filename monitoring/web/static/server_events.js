// What the server sends: one stream of events, opened again whenever it is refused or silent, and what it says of itself.

import { showClock } from "./times.js";

const body = document.body;
const SILENCE_MS = 20_000; // the server speaks every five seconds
const RETRY_MS = 2_000;

// `behind` returns what the reader has seen, as parameters; `take` has a function for each event by its name.
export function listen(behind, take) {
  let source = null;
  let heard = Date.now();

  function open() {
    source?.close();
    heard = Date.now();
    source = new EventSource(`/api/events?${new URLSearchParams(behind())}`);
    for (const [name, hear] of Object.entries({ ...take, status, missed: () => location.reload() })) {
      source.addEventListener(name, (event) => {
        heard = Date.now();
        hear(event);
      });
    }
    source.addEventListener("error", () => {
      body.dataset.link = "lost";
      if (source.readyState === EventSource.CLOSED) setTimeout(openAgain, RETRY_MS);
    });
  }

  function status(event) {
    const said = JSON.parse(event.data);
    show(said);
    take.status?.(said);
  }

  // A stream that is refused does not say why; who has to log in again is led there by the page itself.
  async function openAgain() {
    const answer = await fetch("/api/status").catch(() => null);
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
  body.dataset.loaded = status.loaded ? "yes" : "no";
  const since = document.querySelector("[data-away-since] time");
  since.dateTime = status.since;
  showClock(since);
}
