// The layers around the current one, large enough for shapes: a cell a layer and stage.

import { sharpContext } from "./palette.js";

// The same shapes as in shapes.html, on 24 units.
const BODIES = {
  pass: new Path2D("M12 1a11 11 0 1 0 .01 0z"),
  review: new Path2D("M12 1.5 23.5 22H.5z"),
  reject: new Path2D("M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z"),
  invalid: new Path2D("M12 .5 23.5 12 12 23.5.5 12z"),
};
const MARKS = {
  review: new Path2D("M12 9v6M12 18v1"),
  reject: new Path2D("M8 8l8 8M16 8l-8 8"),
  invalid: new Path2D("M9.2 9.6a2.8 2.8 0 1 1 4.2 2.4c-1 .6-1.4 1-1.4 2M12 16.8v.8"),
};
const COARSE = matchMedia("(pointer: coarse)");

export class StripDetail {
  constructor(canvas) {
    this.canvas = canvas;
  }

  // The first and the last layer that have room around the current one.
  window(data, current, rem) {
    this.rem = rem;
    this.margin = 3.6 * rem;
    this.cell = (COARSE.matches ? 2.25 : 1.625) * rem;
    const room = Math.max(3, Math.floor((this.canvas.clientWidth - this.margin) / this.cell));
    const first = Math.max(data.first, Math.min(current.layer - (room >> 1), data.last - room + 1));
    return [first, Math.min(first + room - 1, data.last)];
  }

  draw(data, current, [first, last], colours) {
    this.data = data;
    this.first = first;
    this.last = last;
    const height = data.stages.length * (this.cell + 2) + 1.5 * this.rem + 4;
    const context = sharpContext(this.canvas, this.canvas.clientWidth, height);
    context.translate(this.margin, 4);
    data.stages.forEach((stage, place) => this.#drawLane(context, stage, place, colours));
    this.#drawNumbers(context, current, colours);
    this.#drawCurrent(context, current, colours);
  }

  under(x, y) {
    const layer = this.first + Math.floor((x - this.margin) / this.cell);
    const place = Math.floor((y - 4) / (this.cell + 2));
    const stages = this.data.stages;
    return [Math.max(this.first, Math.min(this.last, layer)), stages[Math.max(0, Math.min(stages.length - 1, place))]];
  }

  #drawLane(context, stage, place, colours) {
    const top = place * (this.cell + 2);
    context.fillStyle = colours.quiet;
    context.font = `${0.875 * this.rem}px ${colours.font}`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(stage, -this.margin, top + this.cell / 2);
    for (let layer = this.first; layer <= this.last; layer++) {
      const set = this.data.at(layer, stage);
      drawCell(context, set?.decision, (layer - this.first) * this.cell, top, this.cell - 2, colours);
    }
  }

  #drawNumbers(context, current, colours) {
    const top = this.data.stages.length * (this.cell + 2) + 2;
    context.textBaseline = "top";
    context.textAlign = "center";
    const size = 0.8125 * this.rem;
    for (let layer = this.first; layer <= this.last; layer++) {
      const isCurrent = layer === current.layer;
      if (!isCurrent && (layer % 5 || Math.abs(layer - current.layer) < 3)) continue;
      context.font = `${isCurrent ? "700 " : ""}${size}px ${colours.font}`;
      context.fillStyle = isCurrent ? colours.ink : colours.quiet;
      context.fillText(layer, (layer - this.first + 0.5) * this.cell - 1, top);
    }
  }

  #drawCurrent(context, current, colours) {
    const place = this.data.stages.indexOf(current.stage);
    const [left, top] = [(current.layer - this.first) * this.cell, place * (this.cell + 2)];
    context.strokeStyle = colours.ink;
    context.lineWidth = 3;
    context.beginPath();
    context.roundRect(left - 1.5, top - 1.5, this.cell + 1, this.cell + 1, 5);
    context.stroke();
  }
}

function drawCell(context, decision, left, top, side, colours) {
  context.beginPath();
  context.roundRect(left, top, side, side, 4);
  if (!decision) {
    context.strokeStyle = colours.quiet;
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    context.stroke();
    context.setLineDash([]);
    return;
  }
  const { fill, tint, mark } = colours[decision];
  const passes = decision === "pass";
  context.fillStyle = passes ? tint : fill;
  context.fill();
  if (decision === "invalid") hatch(context, left, top, side, mark);
  drawShape(context, decision, left, top, side, passes ? 0.4 : 0.72, passes ? [fill, tint] : [mark, fill]);
}

function hatch(context, left, top, side, mark) {
  context.save();
  context.clip();
  context.globalAlpha = 0.35;
  context.strokeStyle = mark;
  context.lineWidth = 2;
  context.beginPath();
  for (let at = -side; at < side; at += 6) {
    context.moveTo(left + at, top + side);
    context.lineTo(left + at + side, top);
  }
  context.stroke();
  context.restore();
}

function drawShape(context, decision, left, top, side, share, [body, mark]) {
  context.save();
  context.translate(left + (side * (1 - share)) / 2, top + (side * (1 - share)) / 2);
  context.scale((side * share) / 24, (side * share) / 24);
  context.fillStyle = body;
  context.fill(BODIES[decision]);
  if (MARKS[decision]) {
    context.strokeStyle = mark;
    context.lineWidth = 2.8;
    context.lineCap = "round";
    context.stroke(MARKS[decision]);
  }
  context.restore();
}
