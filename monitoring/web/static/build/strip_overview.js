// The whole build on one canvas: a lane a stage; how high a column stands, and its pattern, say the worst of its layers.

import { NOTHING, Scale, worstOf } from "./pixel_columns.js";
import { sharpContext } from "./palette.js";
import { SEVERITY } from "./strip_data.js";

const SHARE = { pass: 0.28, invalid: 0.68, review: 0.68, reject: 1 }; // of the lane's height
const NARROWEST = 2; // px; what does not pass is never thinner

export class StripOverview {
  constructor(canvas) {
    this.canvas = canvas;
  }

  draw(data, current, shown, colours) {
    const rem = colours.rem;
    this.margin = 3.6 * rem;
    this.lane = 1.5 * rem;
    this.gap = 0.3 * rem;
    this.data = data;
    const width = this.canvas.clientWidth;
    this.scale = new Scale(data.first, data.last, width - this.margin);
    const context = sharpContext(this.canvas, width, this.#bottom + 1.5 * rem);
    context.translate(this.margin, 0);
    data.stages.forEach((stage, place) => this.#drawLane(context, stage, this.#top(place), colours));
    this.#drawTicks(context, colours);
    this.#drawShown(context, shown, current, colours);
  }

  // The layer and stage under a point of the canvas.
  under(x, y) {
    const place = y < this.#top(1) - this.gap / 2 ? 0 : 1;
    return [this.scale.layer(x - this.margin), this.data.stages[place] ?? this.data.stages[0]];
  }

  #top(place) { return place * (this.lane + this.gap) + 6; }

  get #bottom() { return this.#top(this.data.stages.length) - this.gap; }

  #drawLane(context, stage, top, colours) {
    context.fillStyle = colours.quiet;
    context.font = `${0.875 * colours.rem}px ${colours.font}`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(stage, -this.margin, top + this.lane / 2);
    context.fillStyle = colours.well;
    context.fillRect(0, top, this.scale.width, this.lane);
    const worst = worstOf(this.data.of(stage), this.scale);
    SEVERITY.forEach((decision, rank) => {
      for (let column = 0; column < worst.length; column++) {
        if (worst[column] !== rank) continue;
        let end = column + 1;
        while (worst[end] === rank) end++;
        drawColumns(context, decision, column, end, top, this.lane, colours);
        column = end;
      }
    });
    this.#drawGaps(context, worst, top, colours);
  }

  #drawGaps(context, worst, top, colours) {
    context.fillStyle = colours.quiet;
    worst.forEach((rank, column) => {
      if (rank === NOTHING) context.fillRect(column, top + this.lane - 1.5, 1, 1.5);
    });
  }

  #drawTicks(context, colours) {
    const top = this.#bottom;
    context.font = `${0.8125 * colours.rem}px ${colours.font}`;
    context.textBaseline = "top";
    context.fillStyle = colours.quiet;
    for (const tick of this.scale.ticks(Math.max(2, this.scale.width / (5 * colours.rem)))) {
      const x = this.scale.middle(tick);
      context.fillRect(Math.round(x), top, 1, 4);
      const half = context.measureText(tick).width / 2;
      context.textAlign = x < half ? "left" : x > this.scale.width - half ? "right" : "center";
      context.fillText(tick, context.textAlign === "center" ? x : x < half ? 0 : this.scale.width, top + 6);
    }
  }

  #drawShown(context, [first, last], current, colours) {
    const [from, to] = [this.scale.x(first), this.scale.x(last + 1)];
    context.strokeStyle = colours.ink;
    context.lineWidth = 1.5;
    context.strokeRect(from + 0.75, this.#top(0) - 3, Math.max(3, to - from - 1.5), this.#bottom - this.#top(0) + 6);
    const x = this.scale.middle(current.layer);
    context.fillStyle = colours.ink;
    context.fillRect(x - 1, this.#top(0) - 3, 2, this.#bottom - this.#top(0) + 6);
    context.beginPath();
    context.moveTo(x - 6, 0);
    context.lineTo(x + 6, 0);
    context.lineTo(x, 7);
    context.fill();
  }
}

function drawColumns(context, decision, from, to, top, lane, colours) {
  const width = decision === "pass" ? to - from : Math.max(NARROWEST, to - from);
  const [height, bottom] = [Math.round(lane * SHARE[decision]), top + lane];
  context.fillStyle = colours[decision].fill;
  if (decision !== "invalid") return context.fillRect(from, bottom - height, width, height);
  for (let y = bottom - 2; y > bottom - height; y -= 4) context.fillRect(from, y, width, 2);
}
