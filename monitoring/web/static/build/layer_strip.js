// The strip of all layers: one stop for Tab, a slider over the layers; the pointer tells, goes and scrubs.

import { onThemeChange, palette } from "./palette.js";
import { inWords } from "./strip_data.js";
import { StripDetail } from "./strip_detail.js";
import { StripOverview } from "./strip_overview.js";

const PAGE = 10; // layers

export class LayerStrip {
  // `go` is called with the set that somebody chose.
  constructor(root, go) {
    this.root = root;
    this.go = go;
    this.tip = root.querySelector(".strip-tip");
    this.parts = [new StripOverview(root.querySelector("#strip-overview")), new StripDetail(root.querySelector("#strip-detail"))];
    root.addEventListener("keydown", (event) => this.#key(event));
    this.parts.forEach((part) => this.#listen(part));
    new ResizeObserver(() => this.redraw()).observe(root);
    onThemeChange(() => this.redraw());
  }

  show(data, current) {
    this.data = data;
    this.current = current;
    const said = { valuemin: data.first, valuemax: data.last, valuenow: current.layer, valuetext: inWords(current) };
    for (const [name, value] of Object.entries(said)) this.root.setAttribute(`aria-${name}`, value);
    this.redraw();
  }

  redraw() {
    this.wanted ??= requestAnimationFrame(() => {
      this.wanted = undefined;
      if (this.data) this.#draw();
    });
  }

  #draw() {
    const colours = palette();
    const [overview, detail] = this.parts;
    if (!this.held) this.window = detail.window(this.data, this.current, colours.rem);
    overview.draw(this.data, this.current, this.window, colours);
    detail.draw(this.data, this.current, this.window, colours);
  }

  // ---- keyboard ----

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const set = this.current;
    const target = {
      ArrowRight: () => this.data.step(set, 1),
      ArrowLeft: () => this.data.step(set, -1),
      PageUp: () => this.data.step(set, PAGE),
      PageDown: () => this.data.step(set, -PAGE),
      Home: () => this.data.of(set.stage)[0],
      End: () => this.data.of(set.stage).at(-1),
      ArrowUp: () => this.data.nearest(set.layer, this.data.stages[0]),
      ArrowDown: () => this.data.nearest(set.layer, this.data.stages.at(-1)),
    }[event.key]?.();
    if (!target) return;
    event.preventDefault();
    if (target !== set) this.go(target);
  }

  // ---- pointer ----

  #listen(part) {
    const canvas = part.canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.held = true; // the window stands still under the hand
      this.go(this.#under(part, event));
    });
    canvas.addEventListener("pointermove", (event) => {
      const set = this.#under(part, event);
      this.#tell(set, event);
      if (this.held && set !== this.current) this.go(set);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => {
        this.held = false;
        this.redraw();
      });
    }
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  #under(part, event) {
    const box = part.canvas.getBoundingClientRect();
    const [layer, stage] = part.under(event.clientX - box.left, event.clientY - box.top);
    return this.data.at(layer, stage) ?? this.data.nearest(layer, stage);
  }

  #tell(set, event) {
    const box = this.root.getBoundingClientRect();
    this.tip.hidden = false;
    this.tip.textContent = inWords(set);
    const half = this.tip.offsetWidth / 2;
    const x = Math.max(half, Math.min(box.width - half, event.clientX - box.left));
    this.tip.style.left = `${x}px`;
    this.tip.style.top = `${event.target.offsetTop}px`;
  }
}
