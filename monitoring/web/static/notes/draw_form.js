// The form around the drawing: what it is, box or outline, by hand or by numbers, and whether to save it.

import { byId } from "../elements.js";
import { Drawing } from "./drawing.js";
import { correctionWords } from "./list.js";
import { showDraft } from "./marks.js";

const STEP = 5; // px an arrow key
const BOX = ["x", "y", "width", "height"];

const viewer = byId("viewer");

export class DrawForm {
  #drawing = new Drawing((state) => this.#show(state));
  #save;
  #size = [0, 0];

  // `save` is called with {kind, points}.
  constructor(save) {
    this.#save = save;
    viewer.after(byId("draw-bar"));
    this.#listen();
  }

  over(width, height) {
    this.#size = [width, height];
    this.#drawing.over(width, height);
    byId("draw-none").hidden = width > 0;
    for (const id of ["draw-box", "draw-outline", "nudge", "box-save"]) byId(id).disabled = !width;
    [byId("box-x").max, byId("box-y").max] = this.#size;
  }

  cancel() {
    if (this.#drawing.state.tool) this.#drawing.cancel();
  }

  #listen() {
    const clicked = {
      "draw-box": () => this.#begin("box"),
      "draw-outline": () => this.#begin("outline"),
      "draw-save": () => this.#saveDrawn(),
      "draw-close": () => this.#drawing.closeOutline(),
      "draw-back": () => this.#drawing.takeBack(),
      "draw-again": () => this.#begin(this.#drawing.state.tool),
      "draw-cancel": () => { this.cancel(); byId("draw-kind").focus(); },
    };
    for (const [id, action] of Object.entries(clicked)) byId(id).addEventListener("click", action);
    byId("draw-kind").addEventListener("change", () => this.#show(this.#drawing.state));
    byId("box-form").addEventListener("input", () => this.#takeNumbers());
    byId("box-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#takeNumbers();
      this.#saveDrawn();
    });
    byId("nudge").addEventListener("keydown", (event) => this.#nudge(event));
  }

  #begin(tool) {
    this.#drawing.begin(tool);
    viewer.scrollIntoView({ block: "nearest" });
    viewer.focus({ preventScroll: true });
  }

  #saveDrawn() {
    const { complete, points } = this.#drawing.state;
    if (complete) this.#save({ kind: byId("draw-kind").value, points });
  }

  #show(state) {
    const { tool, points, complete } = state;
    const drawsOutline = tool === "outline" && !complete;
    showDraft(state);
    byId("draw-bar").hidden = !tool;
    byId("draw-words").textContent = tool ? inWords(state) : "";
    byId("draw-save").hidden = byId("draw-again").hidden = !complete;
    byId("draw-close").hidden = byId("draw-back").hidden = !drawsOutline;
    byId("draw-close").disabled = points.length < 3;
    byId("draw-back").disabled = !points.length;
    if (complete && tool === "box") showNumbers(points);
    if (complete && document.activeElement === viewer) byId("draw-save").focus({ preventScroll: true });
  }

  #takeNumbers() {
    const values = BOX.map((name) => byId(`box-${name}`).valueAsNumber);
    if (values.every(Number.isFinite)) this.#drawing.setBox(...values);
  }

  // Arrows move the box, with Shift its lower right corner; without a box, one in the middle begins.
  #nudge(event) {
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!step) return;
    event.preventDefault();
    const middle = [0.45, 0.45, 0.1, 0.1].map((share, at) => Math.round(share * this.#size[at % 2]));
    const values = BOX.map((name) => byId(`box-${name}`).valueAsNumber);
    const [x, y, width, height] = values.every(Number.isFinite) ? values : middle;
    if (event.shiftKey) this.#drawing.setBox(x, y, Math.max(1, width + step[0]), Math.max(1, height + step[1]));
    else this.#drawing.setBox(within(x + step[0], width, this.#size[0]), within(y + step[1], height, this.#size[1]), width, height);
  }
}

function inWords({ tool, points, complete }) {
  if (complete) return `${correctionWords({ kind: byId("draw-kind").value, points })}. Save it?`;
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

function within(at, size, room) { return Math.max(0, Math.min(room - size, at)); }
