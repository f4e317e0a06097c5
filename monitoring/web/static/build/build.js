// One build: which layer is shown, and all that follows from it.

import { onLinks, remember } from "./addresses.js";
import { showWhole } from "./head.js";
import { listenToBuild, setOf } from "./live.js";
import { Curves } from "./curves.js";
import { byId } from "../elements.js";
import { listenForKeys } from "./keys.js";
import { showLayer, showProblem } from "./layer_panel.js";
import { LayerStore } from "./layer_store.js";
import { LayerStrip } from "./layer_strip.js";
import { LightChoice } from "./lights.js";
import { noteNews, tell } from "./news.js";
import { inWords } from "./strip_data.js";
import { showClock } from "../times.js";
import { showTold } from "./told.js";
import { fit, reveal, zoom } from "./viewer.js";
import { layersOf } from "./whole_build.js";
import { PlaceThroughLayers } from "./z_column.js";

const { printer, build } = document.body.dataset;
const NEIGHBOURS = [1, -1, 2, -2];

const store = new LayerStore();
const strip = new LayerStrip(byId("layer-strip"), (set) => go(set));
const curves = new Curves(byId("curves"), (set) => go(set, { say: true }));
const lights = new LightChoice(() => show());
const column = new PlaceThroughLayers(addressOfColumn, (layer, stage) => go(data.nearest(layer, stage), { say: true }), leavePlace);

let data;
let current;
let shown; // the layer as the store has it; while another is fetched, still the one before
let region = null; // its chosen one, by its place in the list
let following = false;

// ---- going ----

function go(set, { say = false } = {}) {
  if (!set) return;
  following = set === data.latest && following;
  current = set;
  strip.show(data, set);
  curves.mark(set);
  showButtons();
  remember(set);
  if (say) tell("polite", `${inWords(set)}.`);
  show();
}

async function show() {
  const set = current;
  const task = taskOf(set);
  const neighbours = [...NEIGHBOURS.map((count) => data.step(set, count)), data.defect(set, 1), data.defect(set, -1)];
  const others = [...new Set(neighbours)].filter((other) => other && other !== set);
  const wish = store.want([task, ...others.map(taskOf)]);
  const there = store.ready(task);
  if (there) place(set, there, task);
  else byId("layer").setAttribute("aria-busy", "true");
  try {
    const layer = await wish;
    if (set === current && task.choice === lights.name && !there) place(set, layer, task);
  } catch (error) {
    if (set === current && error.name !== "AbortError") {
      byId("layer").removeAttribute("aria-busy");
      showProblem(set, error.message);
    }
  }
}

function place(set, layer, task) {
  const { regions } = layer.detail.verdict;
  if (layer !== shown) region = null;
  shown = layer;
  region ??= column.place ? meeting(regions, column.place.bbox) : null;
  byId("layer").removeAttribute("aria-busy");
  lights.offer(layer.detail);
  showLayer(layer, layer.shown.get(task.choice), { region, place: column.place?.bbox, onRegion: chooseRegion });
  if (region !== null) reveal(regions[region].bbox);
  if (column.place && column.place.stage !== set.stage) column.follow({ ...column.place, stage: set.stage }, set);
  else column.show(set);
}

function taskOf(set) {
  const key = `${printer}_${build}_${String(set.layer).padStart(6, "0")}_${set.stage}`;
  return { set, address: `/api/layers/${key}`, choice: lights.name, choose: lights.choose };
}

function chooseRegion(at) {
  const { stage, regions } = shown.detail.verdict;
  follow(region === at ? null : { stage, bbox: regions[at].bbox }, region === at ? null : at);
}

function follow(box, at) {
  region = at;
  column.follow(box, shown.set);
  place(shown.set, shown, taskOf(shown.set));
}

function leavePlace() {
  follow(null, null);
  byId("layer-name").focus({ preventScroll: true });
}

function meeting(regions, [x, y, width, height]) {
  const at = regions.findIndex(({ bbox }) => bbox[0] < x + width && bbox[0] + bbox[2] > x && bbox[1] < y + height && bbox[1] + bbox[3] > y);
  return at < 0 ? null : at;
}

function addressOfColumn({ stage, bbox: [x, y, width, height] }) {
  return `/api/builds/${printer}/${build}/column?${new URLSearchParams({ stage, x, y, width, height })}`;
}

// ---- buttons, keys, address ----

const actions = {
  ".": () => go(data.step(current, 1), { say: true }),
  ",": () => go(data.step(current, -1), { say: true }),
  n: () => goToDefect(1),
  p: () => goToDefect(-1),
  o: () => byId("overlay-on").click(),
  d: () => byId("difference").click(),
  "+": () => zoom(1),
  "-": () => zoom(-1),
  0: fit,
};

function goToDefect(direction) {
  const set = data.defect(current, direction);
  if (set) go(set, { say: true });
  else tell("polite", direction > 0 ? "No layer after this one that does not pass." : "No layer before this one that does not pass.");
}

function showButtons() {
  const ends = { "previous-layer": data.step(current, -1) === current, "next-layer": data.step(current, 1) === current, "previous-defect": !data.defect(current, -1), "next-defect": !data.defect(current, 1) };
  for (const [id, isEnd] of Object.entries(ends)) byId(id).setAttribute("aria-disabled", isEnd);
  byId("follow").setAttribute("aria-pressed", following);
}

function followLatest() {
  following = !following;
  if (following) go(data.latest, { say: true });
  showButtons();
}

function listenToPage() {
  byId("previous-layer").addEventListener("click", actions[","]);
  byId("next-layer").addEventListener("click", actions["."]);
  byId("previous-defect").addEventListener("click", actions.p);
  byId("next-defect").addEventListener("click", actions.n);
  byId("follow").addEventListener("click", followLatest);
  listenForKeys(actions);
  onLinks((layer, stage) => {
    go(data.nearest(layer, stage ?? current.stage));
    byId("layer-name").focus();
  });
}

// ---- what comes ----

function took(verdict) {
  const set = setOf(verdict);
  if (!data.put(set)) return;
  showRange();
  curves.show(data, current);
  noteNews(set, () => showWhole(data, verdict.timing.published));
  const isShown = current.layer === set.layer && current.stage === set.stage;
  if (following) go(data.latest);
  else if (isShown) go(current); // a new revision took its place
  else strip.show(data, current);
  showButtons();
}

function told(event) {
  const words = showTold(event);
  if (words) tell(event.severity === "critical" ? "urgent" : "polite", words);
}

function showRange() {
  byId("strip-range").textContent = `${data.first} to ${data.last}`;
}

async function begin() {
  data = await layersOf(`/api/builds/${printer}/${build}/strip`, (words) => { byId("layer-problem").textContent = words; });
  const { layer, stage } = document.body.dataset;
  for (const part of document.querySelectorAll("[data-script]")) part.hidden = false;
  document.querySelector(".without-script")?.remove();
  byId("viewer").tabIndex = 0;
  document.querySelectorAll("time[data-clock]").forEach(showClock);
  showRange();
  curves.show(data, data.at(layer, stage));
  following = !location.search;
  listenToPage();
  // First: a browser opens few connections to one server, and pictures would take them all.
  listenToBuild({ printer, build, took, told });
  go(data.at(layer, stage) ?? data.latest);
}

begin();
