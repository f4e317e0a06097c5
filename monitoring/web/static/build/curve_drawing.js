// The marks and axes of a curve, as parts of an SVG; 16 of its units are as much as the letters of the page are high.

import { draw } from "../elements.js";
import { roundStep } from "./pixel_columns.js";

export const MARGIN = 57.6; // room for the figures on the left, as beside the strip
export const END = 8;
const HEIGHT = 110;
const TOP = 6;
const AXIS = 24; // room for the numbers of layers
const SPREAD = 30; // a greatest value so many times the middle one asks for a logarithmic scale

// A stem for each column that has a defect, in the colour of the decision.
export function drawDefects(svg, columns, scale, place) {
  const stems = columns.filter((column) => column.most > 0).map((column) => ({ ...column, most: 100 * column.most }));
  const y = scaled(stems);
  axes(svg, scale, place, y);
  const width = Math.max(2, Math.min(8, scale.x(scale.first + 1) - 1));
  for (const { most, set } of stems) {
    const x = MARGIN + scale.middle(set.layer) - width / 2;
    svg.append(draw("rect", { class: `stem ${set.decision}`, x, y: y(most), width, height: Math.max(1.5, HEIGHT - y(most)) }));
  }
}

// The range of each column as a band, and its greatest values as a line.
export function drawSeconds(svg, columns, scale, place) {
  const y = scaled(columns);
  axes(svg, scale, place, y);
  const x = (column) => (MARGIN + scale.middle(column.set.layer)).toFixed(1);
  const upper = columns.map((column) => `${x(column)},${y(column.most).toFixed(1)}`);
  const lower = columns.map((column) => `${x(column)},${y(column.least).toFixed(1)}`);
  svg.append(draw("polygon", { class: "band", points: [...upper, ...lower.reverse()].join(" ") }));
  svg.append(draw("polyline", { class: "line", points: upper.join(" ") }));
}

// From a value to its height on the page, with `ticks`; logarithmic where one value dwarfs the others.
function scaled(columns) {
  const values = columns.map((column) => column.most).sort((one, other) => one - other);
  if (!values.length) return Object.assign(() => HEIGHT, { ticks: [0] });
  const [most, middle] = [values.at(-1) || 1, values[values.length >> 1] || 1];
  return most > SPREAD * middle ? logarithmic(Math.max(middle / 100, values[0]), most) : linear(most);
}

function linear(most) {
  const step = roundStep(most / 2.5);
  const ticks = [0];
  while (ticks.at(-1) < most - step * 0.2) ticks.push(ticks.at(-1) + step);
  const top = Math.max(ticks.at(-1), most);
  return Object.assign((value) => TOP + (HEIGHT - TOP) * (1 - value / top), { ticks });
}

function logarithmic(least, most) {
  const [low, high] = [Math.floor(Math.log10(least)), Math.log10(most) + 0.05];
  const ticks = [];
  for (let power = low; power <= high; power++) ticks.push(10 ** power);
  const share = (value) => (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low);
  return Object.assign((value) => TOP + (HEIGHT - TOP) * (1 - share(value)), { ticks });
}

function axes(svg, scale, { isLast, unit }, y) {
  const [width, height] = [MARGIN + scale.width + END, HEIGHT + (isLast ? AXIS : 6)];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width * unit);
  svg.setAttribute("height", height * unit);
  for (const tick of y.ticks) {
    const at = Math.round(y(tick)) + 0.5;
    svg.append(draw("line", { class: at > HEIGHT - 1 ? "base" : "grid", x1: MARGIN, x2: MARGIN + scale.width, y1: at, y2: at }));
    svg.append(draw("text", { class: "y-tick", x: MARGIN - 8, y: at }, Number(tick.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 })));
  }
  if (!isLast) return;
  for (const tick of scale.ticks(Math.max(2, scale.width / 90))) {
    const x = MARGIN + scale.middle(tick);
    svg.append(draw("line", { class: "base", x1: x, x2: x, y1: HEIGHT, y2: HEIGHT + 4 }));
    svg.append(draw("text", { class: "x-tick", x, y: HEIGHT + 18 }, tick));
  }
}
