// Saying something of the layer that is shown: a false alarm, a missed defect, that it was seen.

import { byId, make } from "../elements.js";
import { ask } from "./api.js";
import { DrawForm } from "./draw_form.js";
import { asNote } from "./list.js";
import { area } from "../words.js";

const NAME = "layerwatch.name";

export class Saying {
  #form = new DrawForm((drawn) => this.#correct(drawn));
  #inspection = null;
  #undoing = null; // the note that the Undo button is for
  #sending = new Set();
  #said;

  // `undo` takes a note back, `said` is called when there is a new one.
  constructor({ undo, said }) {
    this.#said = said;
    if (byId("note-author")) byId("note-author").value = kept();
    onSubmit("alarm-form", () => this.#correct({ kind: "false-alarm", region: byId("alarm-region").selectedIndex }));
    onSubmit("seen-form", () => this.#say("acknowledgements", "/api/acknowledgements", { subject: this.#inspection }));
    byId("note-done-undo").addEventListener("click", () => {
      undo(this.#undoing);
      byId("notes-name").focus({ preventScroll: true });
    });
  }

  layerShown({ inspection, verdict, width, height }) {
    const isOther = inspection !== this.#inspection;
    this.#inspection = inspection;
    byId("note-forms").hidden = false;
    this.#form.over(width ?? 0, height ?? 0);
    offerRegions(verdict.regions, isOther);
    if (isOther) this.#begin();
  }

  // Nothing is said of a layer that is not there.
  layerLost() {
    this.#inspection = null;
    byId("note-forms").hidden = true;
    this.#begin();
  }

  #begin() {
    this.#form.cancel();
    this.done("");
    this.problem("");
  }

  // Who says it, where nobody logs in.
  get author() {
    const name = byId("note-author")?.value.trim() ?? "";
    keep(name);
    return name;
  }

  done(words, note = null) {
    this.#undoing = note;
    byId("note-done").hidden = !words;
    byId("note-done-words").textContent = words;
    byId("note-done-undo").hidden = !note;
    if (words) byId("say-polite").textContent = `${words}${note ? " The Undo button takes it back." : ""}`;
  }

  problem(words) { byId("note-problem").textContent = words; }

  #correct(about) { return this.#say("corrections", `/api/inspections/${this.#inspection}/corrections`, about); }

  // A second click while the first is on its way says nothing new.
  async #say(what, address, about) {
    const body = { ...about, note: byId("note-text").value, author: this.author };
    const one = address + JSON.stringify(body);
    if (this.#sending.has(one)) return;
    this.#sending.add(one);
    this.problem("");
    try {
      const note = asNote(what, await ask("POST", address, body));
      byId("note-text").value = "";
      if (about.points) this.#form.cancel();
      this.done(`Saved: ${note.words}.`, note);
      this.#said();
    } catch (error) {
      this.problem(`Not saved: ${error.message}.`);
    } finally {
      this.#sending.delete(one);
    }
  }
}

// The region that is selected on the page is offered first.
function offerRegions(regions, isOther) {
  const choice = byId("alarm-region");
  const selected = document.querySelector("#regions tr.selected");
  const before = selected ? selected.sectionRowIndex : isOther ? 0 : choice.selectedIndex;
  choice.replaceChildren(...regions.map((one, at) => make("option", { value: at }, inWords(one, at))));
  choice.selectedIndex = regions.length ? Math.max(0, before) : -1;
  byId("alarm-none").hidden = regions.length > 0;
  byId("alarm-choice").hidden = byId("alarm-button").hidden = !regions.length;
}

function inWords({ bbox: [x, y], area_px: pixels, area_mm2: millimetres }, at) {
  return `${at + 1}: ${area(pixels, millimetres)} at ${x}, ${y}`;
}

function onSubmit(id, action) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action();
  });
}

// Storage may be forbidden; then the name lasts as long as the page.
function kept() {
  try {
    return localStorage.getItem(NAME) ?? "";
  } catch {
    return "";
  }
}

function keep(name) {
  try {
    localStorage.setItem(NAME, name);
  } catch {
    // see above
  }
}
