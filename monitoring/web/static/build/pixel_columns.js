// Thousands of layers on hundreds of pixels: what a column of pixels shows. No page in here.

import { SEVERITY } from "./strip_data.js";

export const NOTHING = -1;

// The rank in SEVERITY of the worst set of each column; NOTHING where no layer of it has a verdict.
export function worstOf(lane, scale) {
  const worst = new Int8Array(scale.width).fill(NOTHING);
  for (const set of lane) {
    const rank = SEVERITY.indexOf(set.decision);
    const [from, to] = scale.columns(set.layer);
    for (let column = from; column < to; column++) worst[column] = Math.max(worst[column], rank);
  }
  return worst;
}

// Least, greatest and worst decision of a figure in each column that has one: [{column, least, most, set}].
export function extents(sets, scale, figure) {
  const found = new Map();
  for (const set of sets) {
    const value = set[figure];
    const [column] = scale.columns(set.layer);
    const known = found.get(column);
    if (!known) found.set(column, { column, least: value, most: value, set });
    else {
      known.least = Math.min(known.least, value);
      if (value > known.most) Object.assign(known, { most: value, set });
    }
  }
  return [...found.values()].sort((one, other) => one.column - other.column);
}

// Layers on a width of so many pixels; both ends of the build are on it.
export class Scale {
  constructor(first, last, width) {
    this.first = first;
    this.last = last;
    this.count = Math.max(1, last - first + 1);
    this.width = Math.max(1, Math.floor(width));
  }

  x(layer) { return ((layer - this.first) * this.width) / this.count; }

  middle(layer) { return this.x(layer + 0.5); }

  // The columns that a layer covers, at least one: [from, to).
  columns(layer) {
    const from = Math.min(this.width - 1, Math.floor(this.x(layer)));
    return [from, Math.max(from + 1, Math.floor(this.x(layer + 1)))];
  }

  layer(x) {
    const at = this.first + Math.floor((x * this.count) / this.width);
    return Math.max(this.first, Math.min(this.first + this.count - 1, at));
  }

  // Round numbers of layers, about so many.
  ticks(about) {
    const step = Math.max(1, roundStep(this.count / about));
    const found = [];
    for (let tick = Math.ceil(this.first / step) * step; tick < this.first + this.count; tick += step) found.push(tick);
    return found;
  }
}

export function roundStep(about) {
  const power = 10 ** Math.floor(Math.log10(about || 1));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= about * (1 - 1e-9));
}
