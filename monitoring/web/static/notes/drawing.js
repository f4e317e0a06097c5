// Drawing over the picture: a box by dragging or by two corners, an outline corner by corner, or a box by numbers.

import { byId } from "../elements.js";
import { toPicture } from "../build/viewer.js";

const DRAGGED = 6; // px of the page; less is a tap
const NEAR = 16; // px of the page around the first corner: a tap there closes the outline
const MOST_CORNERS = 500;

const viewer = byId("viewer");

// `changed` is called after every change with {tool, points, hover, complete}: tool is "box", "outline" or null.
export class Drawing {
  #changed;
  #size = [0, 0];
  #pressed = null; // where the pointer went down, px of the page
  #state = { tool: null, points: [], hover: null, complete: false };

  constructor(changed) {
    this.#changed = changed;
    viewer.addEventListener("pointerdown", (event) => this.#down(event), true);
    viewer.addEventListener("pointermove", (event) => this.#move(event), true);
    viewer.addEventListener("pointerup", (event) => this.#up(event), true);
    viewer.addEventListener("click", (event) => this.#click(event), true);
    document.addEventListener("keydown", (event) => this.#key(event), true);
  }

  get state() { return this.#state; }

  over(width, height) { this.#size = [width, height]; }

  begin(tool) {
    viewer.dataset.mode = "draw";
    this.#become({ tool, points: [], hover: null, complete: false });
  }

  cancel() {
    delete viewer.dataset.mode;
    this.#pressed = null;
    this.#become({ tool: null, points: [], hover: null, complete: false });
  }

  closeOutline() {
    if (this.#state.tool === "outline" && spans(this.#state.points, 3)) this.#complete(this.#state.points);
  }

  takeBack() {
    if (!this.#isDrawing) return;
    this.#become({ ...this.#state, points: this.#state.points.slice(0, -1), hover: null });
  }

  // A box by numbers; one that is none is not shown.
  setBox(left, top, width, height) {
    const points = [[left, top], [left + width, top + height]].map((corner) => this.#inside(corner));
    if (points.flat().every(Number.isFinite) && spans(points, 2)) this.#complete(points, "box");
  }

  get #isDrawing() { return this.#state.tool !== null && !this.#state.complete; }

  #become(state) {
    this.#state = state;
    this.#changed(state);
  }

  #complete(points, tool = this.#state.tool) {
    delete viewer.dataset.mode;
    const corners = tool === "box" ? inOrder(points) : points;
    this.#become({ tool, points: corners.map((corner) => corner.map(rounded)), hover: null, complete: true });
  }

  #inside([x, y]) {
    return [Math.max(0, Math.min(this.#size[0], x)), Math.max(0, Math.min(this.#size[1], y))];
  }

  #at(event) { return this.#inside(toPicture(event.clientX, event.clientY)); }

  #isOurs(event) { return this.#isDrawing && !event.button && !event.target.closest("button"); }

  #down(event) {
    if (!this.#isOurs(event)) return;
    viewer.setPointerCapture(event.pointerId);
    this.#pressed = [event.clientX, event.clientY];
    if (this.#state.tool === "box" && !this.#state.points.length) this.#become({ ...this.#state, points: [this.#at(event)] });
    event.stopPropagation();
  }

  #move(event) {
    if (!this.#isDrawing || !this.#state.points.length) return;
    this.#become({ ...this.#state, hover: this.#at(event) });
  }

  #up(event) {
    if (!this.#isOurs(event) || !this.#pressed || this.#state.tool !== "box") return;
    const [first] = this.#state.points;
    const dragged = Math.hypot(event.clientX - this.#pressed[0], event.clientY - this.#pressed[1]) >= DRAGGED;
    const points = [first, this.#at(event)];
    const far = distance(first, this.#at(event), event) >= DRAGGED;
    this.#pressed = null;
    if ((dragged || far) && spans(points, 2)) this.#complete(points);
  }

  #click(event) {
    if (viewer.dataset.mode !== "draw" || event.target.closest("button")) return;
    event.stopPropagation();
    if (this.#state.tool !== "outline" || this.#state.complete) return;
    const { points } = this.#state;
    const corner = this.#at(event);
    if (event.detail > 1 || (points.length > 2 && distance(points[0], corner, event) < NEAR)) this.closeOutline();
    else if (points.length < MOST_CORNERS) this.#become({ ...this.#state, points: [...points, corner] });
  }

  #key(event) {
    if (this.#state.tool === null) return;
    const inField = event.target.closest("input, textarea, select, button, summary, a");
    if (event.key === "Escape") this.cancel();
    else if (event.key === "Backspace" && this.#isDrawing && !inField) this.takeBack();
    else if (event.key === "Enter" && this.#isDrawing && !inField) this.closeOutline();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

function inOrder([[x1, y1], [x2, y2]]) {
  return [[Math.min(x1, x2), Math.min(y1, y2)], [Math.max(x1, x2), Math.max(y1, y2)]];
}

// At least so many corners, and a pixel wide and high.
function spans(points, least) {
  const [across, down] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const size = (all) => Math.max(...all) - Math.min(...all);
  return points.length >= least && size(across) >= 1 && size(down) >= 1;
}

// Between two places of the picture, in px of the page, as it is zoomed where the event is.
function distance([x1, y1], [x2, y2], { clientX, clientY }) {
  const perPixel = toPicture(clientX + 1, clientY)[0] - toPicture(clientX, clientY)[0];
  return Math.hypot(x1 - x2, y1 - y2) / perPixel;
}

function rounded(number) { return Math.round(number * 10) / 10; }
