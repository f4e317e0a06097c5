// Corrections and notes of the layer that is shown: what was said, and saying more.

import { byId } from "../elements.js";
import { ask } from "./api.js";
import { asNote, showList } from "./list.js";
import { showDrawn, showSize } from "./marks.js";
import { Saying } from "./saying.js";

const SETTLE_MS = 150; // who steps on quickly asks for no layer on the way

let inspection = null; // of the layer that is shown
let asking = new AbortController();
let timer;

const saying = "maySay" in byId("notes").dataset ? new Saying({ undo, said: () => load(inspection) }) : null;

byId("viewer").addEventListener("layershown", ({ detail }) => {
  saying?.layerShown(detail);
  if (detail.width && detail.height) showSize(detail.width, detail.height);
  if (detail.inspection === inspection) return;
  inspection = detail.inspection;
  show([], "");
  clearTimeout(timer);
  timer = setTimeout(() => load(inspection), SETTLE_MS);
});

byId("viewer").addEventListener("layerlost", () => {
  saying?.layerLost();
  inspection = null;
  clearTimeout(timer);
  show([], "");
});

async function load(wanted) {
  asking.abort();
  asking = new AbortController();
  try {
    const [drawn, seen] = await Promise.all([
      ask("GET", `/api/inspections/${wanted}/corrections`, null, asking.signal),
      ask("GET", `/api/acknowledgements?subject=${wanted}`, null, asking.signal),
    ]);
    if (wanted !== inspection) return;
    const corrections = drawn.corrections.map((said) => asNote("corrections", said));
    const acknowledgements = seen.acknowledgements.map((said) => asNote("acknowledgements", said));
    show([...corrections, ...acknowledgements], "Nobody has said anything of this layer yet.");
  } catch (error) {
    if (error.name !== "AbortError" && wanted === inspection) show([], `Not known now: ${error.message}.`);
  }
}

function show(notes, otherwise) {
  const corrections = notes.filter(({ what }) => what === "corrections");
  byId("notes-state").textContent = notes.length ? "" : otherwise;
  byId("drawn-legend").hidden = !corrections.length;
  showDrawn(corrections);
  showList(notes, undo);
}

async function undo(note) {
  try {
    await ask("DELETE", `/api/${note.what}/${note.number}?author=${encodeURIComponent(saying.author)}`);
    saying.done(`Taken back: ${note.words}.`);
  } catch (error) {
    saying.problem(error.message);
  }
  await load(inspection);
}
