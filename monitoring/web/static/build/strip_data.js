// All layer sets of a build in memory: where each stands, and which one comes next. No page in here.

export const STAGES = ["recoat", "melt"]; // as they happen
export const SEVERITY = ["pass", "invalid", "review", "reject"]; // what is worse stands for its column

export class StripData {
  // `columns` are arrays of one length: layers, stages, decisions, inspections, regions, ratios, seconds.
  constructor(columns) {
    this.sets = columns.layers.map((layer, at) => ({
      layer,
      stage: columns.stages[at],
      decision: columns.decisions[at],
      inspection: columns.inspections[at],
      regions: columns.regions[at],
      ratio: columns.ratios[at],
      seconds: columns.seconds[at],
    }));
    this.#arrange();
  }

  get first() { return this.sets[0]?.layer ?? 0; }
  get last() { return this.sets.at(-1)?.layer ?? 0; }
  get latest() { return this.sets.at(-1); }
  get stages() { return STAGES.filter((stage) => this.of(stage).length); }

  of(stage) { return this.byStage[stage] ?? []; }

  at(layer, stage) { return this.#places.get(`${layer} ${stage}`); }

  // The layer itself, or the nearest one that has this stage.
  nearest(layer, stage) {
    const lane = this.of(stage);
    const place = firstFrom(lane, layer);
    const [below, above] = [lane[place - 1], lane[place]];
    if (!below || !above) return above ?? below;
    return layer - below.layer < above.layer - layer ? below : above;
  }

  // So many layers on in the same stage, at most to its end.
  step(set, count) {
    const lane = this.of(set.stage);
    const place = firstFrom(lane, set.layer) + count;
    return lane[Math.max(0, Math.min(lane.length - 1, place))];
  }

  // The next set (1) or the previous one (-1) that does not pass, in whichever stage; none: undefined.
  defect(set, direction) {
    for (let place = this.sets.indexOf(set) + direction; place >= 0 && place < this.sets.length; place += direction) {
      if (this.sets[place].decision !== "pass") return this.sets[place];
    }
    return undefined;
  }

  // Takes a new verdict in; returns whether it says something new.
  put(set) {
    const known = this.at(set.layer, set.stage);
    if (known?.inspection === set.inspection) return false;
    if (known) Object.assign(known, set);
    else {
      this.sets.push(set);
      this.#arrange();
    }
    return true;
  }

  #places;

  #arrange() {
    this.sets.sort((one, other) => one.layer - other.layer || STAGES.indexOf(one.stage) - STAGES.indexOf(other.stage));
    this.byStage = grouped(this.sets);
    this.#places = new Map(this.sets.map((set) => [`${set.layer} ${set.stage}`, set]));
  }
}

function grouped(sets) {
  const found = {};
  for (const set of sets) (found[set.stage] ??= []).push(set);
  return found;
}

// Where in a lane the first set stands whose layer is not before this one.
export function firstFrom(lane, layer) {
  let [low, high] = [0, lane.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lane[middle].layer < layer) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function inWords(set) {
  const found = set.decision === "invalid" || !set.regions ? "" : `, ${set.regions} region${set.regions === 1 ? "" : "s"}`;
  return `Layer ${set.layer}, ${set.stage}: ${set.decision}${found}`;
}
