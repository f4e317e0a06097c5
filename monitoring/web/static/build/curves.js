// Defect area and time to the verdict over the layers of a build, the two above each other on one scale of layers.

import { drawDefects, drawSeconds, END, MARGIN } from "./curve_drawing.js";
import { showTable } from "./curve_table.js";
import { byId, make } from "../elements.js";
import { extents, Scale } from "./pixel_columns.js";
import { onThemeChange } from "./palette.js";
import { seconds } from "../words.js";

const REDRAW_MS = 500; // while verdicts come one after another

export class Curves {
  #timer;

  // `go` takes the set that was chosen.
  constructor(root, go) {
    this.root = root;
    this.go = go;
    this.charts = [
      { name: "Defect area", unit: "% of the picture", draw: drawDefects, figure: "ratio", words: (set) => percent(set.ratio) },
      { name: "File to verdict", unit: "seconds", draw: drawSeconds, figure: "seconds", words: (set) => seconds(set.seconds) },
    ].map((chart) => ({ ...chart, ...frame(root, chart) }));
    root.addEventListener("click", (event) => this.#choose(event));
    root.addEventListener("pointermove", (event) => this.#tell(this.#under(event)));
    root.addEventListener("pointerleave", () => this.#tell(this.current));
    new ResizeObserver(() => this.#draw()).observe(root);
    onThemeChange(() => this.#draw());
  }

  show(data, current) {
    this.data = data;
    this.current = current;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
      showTable(byId("curve-scroll"), data);
    }, this.scale ? REDRAW_MS : 0);
  }

  mark(set) {
    this.current = set;
    this.#tell(set);
    this.#placeCursor();
  }

  #draw() {
    if (!this.data || !this.root.clientWidth) return;
    this.unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16; // px: a drawing grows with its letters
    this.scale = new Scale(this.data.first, this.data.last, this.root.clientWidth / this.unit - MARGIN - END);
    this.charts.forEach((chart, place) => {
      const columns = extents(this.data.sets.filter((set) => set.decision !== "invalid" || chart.figure === "seconds"), this.scale, chart.figure);
      chart.svg.replaceChildren();
      chart.draw(chart.svg, columns, this.scale, { isLast: place === this.charts.length - 1, unit: this.unit });
      chart.svg.setAttribute("aria-label", said(chart, columns));
    });
    this.#placeCursor();
    this.#tell(this.current);
  }

  #placeCursor() {
    if (!this.scale || !this.current) return;
    const layer = Math.min(this.current.layer, this.scale.last); // the newest is drawn a moment later
    for (const { cursor } of this.charts) cursor.style.left = `${this.unit * (MARGIN + this.scale.middle(layer))}px`;
  }

  #tell(set) {
    if (!set) return;
    for (const { readout, words } of this.charts) readout.textContent = `layer ${set.layer} ${set.stage}: ${words(set)}`;
  }

  #under(event) {
    const chart = this.charts.find(({ box }) => box.contains(event.target));
    if (!chart || !this.scale) return undefined;
    const layer = this.scale.layer((event.clientX - this.root.getBoundingClientRect().left) / this.unit - MARGIN);
    const [recoat, melt] = this.data.stages.map((stage) => this.data.nearest(layer, stage));
    return !melt || recoat[chart.figure] > melt[chart.figure] ? recoat : melt;
  }

  #choose(event) {
    const set = this.#under(event);
    if (set) this.go(set);
  }
}

function frame(root, { name, unit }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("role", "img");
  const [readout, cursor] = [make("span", { class: "readout" }), make("div", { class: "cursor" })];
  const head = make("p", { class: "curve-name" }, make("b", {}, name), " ", make("span", { class: "quiet" }, unit), readout);
  const box = make("div", { class: "curve" }, svg, cursor);
  root.append(head, box);
  return { svg, readout, cursor, box };
}

function said({ name, words }, columns) {
  if (!columns.length) return `${name}: nothing to show`;
  const worst = columns.reduce((one, other) => (other.most > one.most ? other : one)).set;
  return `${name} over the layers; the greatest is ${words(worst)} at layer ${worst.layer}, ${worst.stage}. The table below has the greatest.`;
}

export function percent(ratio) {
  const value = 100 * ratio;
  if (value === 0) return "0 %";
  return value < 0.001 ? "less than 0.001 %" : `${Number(value.toPrecision(2))} %`;
}
