// What was said of a layer, by whom and when, newest first.

import { byId, make } from "../elements.js";
import { kindWords, point } from "./marks.js";
import { showClock } from "../times.js";

// `undo` is called with a note: {number, what, words}, what is "corrections" or "acknowledgements".
export function showList(notes, undo) {
  const newestFirst = [...notes].sort((one, other) => Date.parse(other.created) - Date.parse(one.created));
  byId("notes-list").replaceChildren(...newestFirst.map((note) => item(note, undo)));
}

// A note as the list and the announcements have it.
export function asNote(what, said) {
  return { ...said, what, words: what === "corrections" ? correctionWords(said) : "Acknowledged" };
}

export function correctionWords({ kind, points }) {
  const [left, top] = [Math.min(...points.map(([x]) => x)), Math.min(...points.map(([, y]) => y))];
  const [right, bottom] = [Math.max(...points.map(([x]) => x)), Math.max(...points.map(([, y]) => y))];
  const name = kindWords(kind);
  const missed = !["false-alarm", "ignore"].includes(kind);
  const outline = points.length === 2 ? "box" : "outline";
  const [x, y, width, height] = [left, top, right - left, bottom - top].map(Math.round);
  return `${missed ? `Missed ${name}` : capital(name)}, ${outline} of ${width} × ${height} px at ${x}, ${y}`;
}

function item(note, undo) {
  const moment = make("time", { datetime: note.created });
  showClock(moment);
  const said = make("div", {}, make("p", {}, make("b", {}, note.words)));
  if (note.note) said.append(make("p", { class: "note-said" }, note.note));
  said.append(make("p", { class: "quiet" }, `${note.author}, `, moment));
  const made = make("li", {}, said);
  if (note.may_undo) {
    const button = make("button", { type: "button", "aria-label": `Undo: ${note.words}, by ${note.author}` }, "Undo");
    button.addEventListener("click", () => undo(note));
    made.append(button);
  }
  if (note.what === "corrections") {
    for (const name of ["pointerenter", "focusin"]) made.addEventListener(name, () => point(note.number));
    for (const name of ["pointerleave", "focusout"]) made.addEventListener(name, () => point(null));
  }
  return made;
}

function capital(words) { return words[0].toUpperCase() + words.slice(1); }
