// A place through the layers: in which of them something was found there, the highest on top, as the part stands.

import { byId, make, shape } from "../elements.js";
import { json } from "./layer_store.js";
import { area, plural } from "../words.js";

const SHOWN = 25; // layers on each side of the current one

export class PlaceThroughLayers {
  #asked = new AbortController();

  // `address(place)` is where the column is read, `go` takes the layer that was chosen, `leave` ends it.
  constructor(address, go, leave) {
    this.address = address;
    this.go = go;
    byId("z-leave").addEventListener("click", leave);
    byId("z-layers").addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.go(Number(link.dataset.layer), this.place.stage);
    });
  }

  // `place` is {stage, bbox}; null leaves it.
  async follow(place, current) {
    this.#asked.abort();
    this.place = place;
    this.layers = null;
    byId("z-column").hidden = !place;
    if (!place) return;
    this.#asked = new AbortController();
    byId("z-said").textContent = "Reading the layers";
    byId("z-layers").replaceChildren();
    try {
      this.layers = (await json(this.address(place), this.#asked.signal)).layers;
      this.show(current);
    } catch (error) {
      if (error.name !== "AbortError") byId("z-said").textContent = `Cannot be read: ${error.message}`;
    }
  }

  show(current) {
    if (!this.layers) return;
    const [x, y, width, height] = this.place.bbox;
    byId("z-said").textContent = `Something was found at ${x}, ${y}, ${width} × ${height} in ${plural(this.layers.length, "layer")} of ${this.place.stage}. ${range(this.layers)}`;
    const place = nearest(this.layers, current.layer);
    const [from, to] = [Math.max(0, place - SHOWN), Math.min(this.layers.length, place + SHOWN + 1)];
    const largest = Math.max(...this.layers.map((one) => one.area_px));
    const rows = [];
    if (to < this.layers.length) rows.push(gap(`${this.layers.length - to} more above`));
    for (let at = to - 1; at >= from; at--) {
      rows.push(row(this.layers[at], this.place.stage, largest, this.layers[at].layer === current.layer));
      const between = at > from ? this.layers[at].layer - this.layers[at - 1].layer - 1 : 0;
      if (between) rows.push(gap(`${plural(between, "layer")} without`));
    }
    if (from > 0) rows.push(gap(`${from} more below`));
    byId("z-layers").replaceChildren(...rows);
  }
}

function range(layers) {
  if (layers.length < 2) return "";
  return `The lowest is ${layers[0].layer}, the highest ${layers.at(-1).layer}.`;
}

function nearest(layers, layer) {
  let best = 0;
  layers.forEach((one, at) => {
    if (Math.abs(one.layer - layer) < Math.abs(layers[best].layer - layer)) best = at;
  });
  return best;
}

function row(one, stage, largest, isCurrent) {
  const bar = make("span", { class: "bar-area" });
  bar.style.width = `${Math.max(2, 100 * Math.sqrt(one.area_px / largest))}%`;
  const link = make("a", { href: `?layer=${one.layer}&stage=${stage}`, "data-layer": one.layer },
    make("b", {}, one.layer), shape(one.decision), make("span", { class: "unseen" }, one.decision),
    make("span", { class: "bar-room", "aria-hidden": "true" }, bar), make("span", { class: "why" }, area(one.area_px, one.area_mm2)));
  if (isCurrent) link.setAttribute("aria-current", "true");
  return make("li", { class: one.decision }, link);
}

function gap(words) { return make("li", { class: "z-gap" }, words); }
