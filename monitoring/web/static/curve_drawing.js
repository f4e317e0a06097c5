// The marks and axes of a curve, as parts of an SVG whose unit is a pixel of the page.

import { draw } from "./elements.js";
import { roundStep } from "./pixel_columns.js";

const HEIGHT = 110;
const TOP = 6;
const AXIS = 24; // room for the numbers of layers
const SPREAD = 30; // a greatest value so many times the middle one asks for a logarithmic scale

// A stem for each column that has a defect, in the colour of the decision.
export function drawDefects(svg, columns, scale, place) {
  const shown = columns.filter((column) => column.most > 0);
  const most = Math.max(...shown.map((column) => 100 * column.most), 1e-9);
  const y = linear(most);
  axes(svg, scale, place, y, shown.length ? evenTicks(most) : []);
  const width = Math.max(2, Math.min(8, scale.x(scale.first + 1) - 1));
  for (const column of shown) {
    const top = y(100 * column.most);
    const x = place.margin + scale.middle(column.set.layer) - width / 2;
    svg.append(draw("rect", { class: `stem ${column.set.decision}`, x, y: top, width, height: Math.max(1.5, HEIGHT - top) }));
  }
}

// The range of each column as a band, and its greatest values as a line.
export function drawSeconds(svg, columns, scale, place) {
  const values = columns.map((column) => column.most).sort((one, other) => one - other);
  const [most, middle] = [values.at(-1) || 1, values[values.length >> 1] || 1];
  const isLog = most > SPREAD * middle;
  const y = isLog ? logarithmic(Math.max(0.01, Math.min(...columns.map((column) => column.least))), most) : linear(most);
  axes(svg, scale, place, y, isLog ? decades(y.least, most) : evenTicks(most));
  const x = (column) => place.margin + scale.middle(column.set.layer);
  const upper = columns.map((column) => `${x(column).toFixed(1)},${y(column.most).toFixed(1)}`);
  const lower = columns.map((column) => `${x(column).toFixed(1)},${y(column.least).toFixed(1)}`);
  svg.append(draw("polygon", { class: "band", points: [...upper, ...lower.reverse()].join(" ") }));
  svg.append(draw("polyline", { class: "line", points: upper.join(" ") }));
}

function linear(most) {
  const top = evenTicks(most).at(-1);
  return (value) => TOP + (HEIGHT - TOP) * (1 - value / Math.max(top, most));
}

function logarithmic(least, most) {
  const [low, high] = [Math.log(least), Math.log(most * 1.1)];
  const y = (value) => TOP + (HEIGHT - TOP) * (1 - (Math.log(Math.max(value, least)) - low) / (high - low));
  return Object.assign(y, { least });
}

function evenTicks(most) {
  const step = roundStep(most / 2.5);
  const found = [0];
  while (found.at(-1) < most - step * 0.2) found.push(found.at(-1) + step);
  return found;
}

function decades(least, most) {
  const found = [];
  for (let tick = 10 ** Math.ceil(Math.log10(least)); tick <= most; tick *= 10) found.push(tick);
  return found;
}

function axes(svg, scale, { margin, isLast }, y, ticks) {
  const [width, height] = [margin + scale.width + 8, HEIGHT + (isLast ? AXIS : 6)];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  for (const tick of ticks) {
    const at = Math.round(y(tick)) + 0.5;
    svg.append(draw("line", { class: tick === 0 ? "base" : "grid", x1: margin, x2: margin + scale.width, y1: at, y2: at }));
    svg.append(draw("text", { class: "y-tick", x: margin - 8, y: at }, Number(tick.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 })));
  }
  if (!isLast) return;
  for (const tick of scale.ticks(Math.max(2, scale.width / 90))) {
    const x = margin + scale.middle(tick);
    svg.append(draw("line", { class: "base", x1: x, x2: x, y1: HEIGHT, y2: HEIGHT + 4 }));
    svg.append(draw("text", { class: "x-tick", x, y: HEIGHT + 18 }, tick));
  }
}
