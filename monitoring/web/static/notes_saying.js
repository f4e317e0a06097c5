// Saying something of the layer that is shown: a false alarm, a missed defect, that it was seen.

import { byId, make } from "./elements.js";
import { ask } from "./notes_api.js";
import { Drawing } from "./notes_drawing.js";
import { asNote } from "./notes_list.js";
import { showDraft } from "./notes_marks.js";
import { area } from "./words.js";

const NAME = "layerwatch.name";
const STEP = 5; // px an arrow key
const BOX = ["x", "y", "width", "height"];

const viewer = byId("viewer");

// `undo` takes a note back, `reload` shows anew what was said.
export function startSaying({ undo, reload }) {
  const drawing = new Drawing(showState);
  let layer = null; // {inspection, verdict, width, height}
  let undoing = null; // the note that the Undo button is for
  let busy = false;

  // ---- what is shown ----

  function layerShown(detail) {
    const isOther = detail.inspection !== layer?.inspection;
    layer = detail;
    if (isOther && drawing.state.tool) drawing.cancel();
    if (isOther) done("");
    drawing.over(detail.width ?? 0, detail.height ?? 0);
    const blind = !detail.width || !detail.height;
    byId("draw-none").hidden = !blind;
    for (const id of ["draw-box", "draw-outline", "nudge", "box-save"]) byId(id).disabled = blind;
    if (detail.width) [byId("box-x").max, byId("box-y").max] = [detail.width, detail.height];
    offerRegions(detail.verdict.regions, isOther);
  }

  function offerRegions(regions, isOther) {
    const choice = byId("alarm-region");
    const chosen = document.querySelector("#regions tr.selected");
    const before = chosen ? [...chosen.parentElement.children].indexOf(chosen) : isOther ? 0 : choice.selectedIndex;
    choice.replaceChildren(...regions.map((one, at) => make("option", { value: at }, regionWords(one, at))));
    choice.selectedIndex = regions.length ? Math.max(0, before) : -1;
    byId("alarm-none").hidden = regions.length > 0;
    byId("alarm-choice").hidden = byId("alarm-button").hidden = !regions.length;
  }

  function showState(state) {
    showDraft(state);
    const { tool, points, complete } = state;
    const drawsOutline = tool === "outline" && !complete;
    byId("draw-bar").hidden = !tool;
    byId("draw-words").textContent = tool ? stateWords(state) : "";
    byId("draw-save").hidden = byId("draw-again").hidden = !complete;
    byId("draw-close").hidden = byId("draw-back").hidden = !drawsOutline;
    byId("draw-close").disabled = points.length < 3;
    byId("draw-back").disabled = !points.length;
    if (complete && tool === "box") showNumbers(points);
    if (complete && document.activeElement === viewer) byId("draw-save").focus({ preventScroll: true });
  }

  function stateWords({ tool, points, complete }) {
    if (complete) return `${asNote("corrections", { kind: byId("draw-kind").value, points }).words}. Save it?`;
    if (tool === "box") return points.length ? "Now the opposite corner." : "Drag over the place, or tap two opposite corners.";
    const close = points.length < 3 ? "" : " Enter, a double click, or a tap on the first corner closes it.";
    return `Tap one corner after the other. ${points.length} so far.${close}`;
  }

  function showNumbers([[left, top], [right, bottom]]) {
    [left, top, right - left, bottom - top].forEach((value, at) => {
      const field = byId(`box-${BOX[at]}`);
      if (field !== document.activeElement) field.value = Math.round(value * 10) / 10;
    });
  }

  // ---- saying ----

  async function say(address, about) {
    if (busy) return;
    busy = true;
    problem("");
    const what = address.startsWith("/api/ack") ? "acknowledgements" : "corrections";
    try {
      const note = byId("note-text").value;
      const said = asNote(what, await ask("POST", address, { ...about, note, author: author() }));
      byId("note-text").value = "";
      if (about.points) drawing.cancel();
      done(`Saved: ${said.words}.`, said);
      reload();
    } catch (error) {
      problem(`Not saved: ${error.message}.`);
    } finally {
      busy = false;
    }
  }

  function correct(about) { return say(`/api/inspections/${layer.inspection}/corrections`, about); }

  function saveDrawn() {
    if (drawing.state.complete) correct({ kind: byId("draw-kind").value, points: drawing.state.points });
  }

  function done(words, said = null) {
    undoing = said;
    byId("note-done").hidden = !words;
    byId("note-done-words").textContent = words;
    byId("note-done-undo").hidden = !said;
    if (words) byId("say-polite").textContent = `${words}${said ? " The Undo button takes it back." : ""}`;
  }

  function problem(words) { byId("note-problem").textContent = words; }

  // ---- listening ----

  function begin(tool) {
    drawing.begin(tool);
    viewer.scrollIntoView({ block: "nearest" });
    viewer.focus({ preventScroll: true });
  }

  function numbers() {
    const values = BOX.map((name) => byId(`box-${name}`).valueAsNumber);
    if (values.every(Number.isFinite)) drawing.setBox(...values);
  }

  function nudge(event) {
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!step) return;
    event.preventDefault();
    const middle = [layer.width * 0.45, layer.height * 0.45, layer.width * 0.1, layer.height * 0.1].map(Math.round);
    const [x, y, width, height] = BOX.map((name, at) => byId(`box-${name}`).valueAsNumber || middle[at]);
    if (event.shiftKey) drawing.setBox(x, y, Math.max(1, width + step[0]), Math.max(1, height + step[1]));
    else drawing.setBox(within(x + step[0], width, layer.width), within(y + step[1], height, layer.height), width, height);
  }

  function author() {
    const field = byId("note-author");
    if (!field) return "";
    keep(field.value.trim());
    return field.value.trim();
  }

  viewer.after(byId("draw-bar"));
  if (byId("note-author")) byId("note-author").value = kept();
  const listen = (id, name, heard) => byId(id).addEventListener(name, heard);
  const submitted = (action) => (event) => { event.preventDefault(); action(); };
  listen("alarm-form", "submit", submitted(() => correct({ kind: "false-alarm", region: byId("alarm-region").selectedIndex })));
  listen("seen-form", "submit", submitted(() => say("/api/acknowledgements", { subject: layer.inspection })));
  listen("box-form", "submit", submitted(() => { numbers(); saveDrawn(); }));
  listen("box-form", "input", numbers);
  listen("nudge", "keydown", nudge);
  listen("draw-kind", "change", () => showState(drawing.state));
  listen("draw-box", "click", () => begin("box"));
  listen("draw-outline", "click", () => begin("outline"));
  listen("draw-save", "click", saveDrawn);
  listen("draw-close", "click", () => drawing.closeOutline());
  listen("draw-back", "click", () => drawing.takeBack());
  listen("draw-again", "click", () => begin(drawing.state.tool));
  listen("draw-cancel", "click", () => { drawing.cancel(); byId("draw-kind").focus(); });
  listen("note-done-undo", "click", () => { undo(undoing); byId("notes-name").focus({ preventScroll: true }); });

  return { layerShown, done, problem, get author() { return author(); } };
}

function regionWords({ bbox: [x, y], area_px: pixels, area_mm2: millimetres }, at) {
  return `${at + 1}: ${area(pixels, millimetres)} at ${x}, ${y}`;
}

function within(at, size, room) { return Math.max(0, Math.min(room - size, at)); }

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
