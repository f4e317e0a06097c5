// One layer in words, and its picture: everything changes in one go.

import { byId, make, shape } from "../elements.js";
import { showMarks } from "./marks.js";
import { showClock } from "../times.js";
import { showSize } from "./viewer.js";
import { area, seconds } from "../words.js";

const WHAT_NOW = JSON.parse(byId("layer").dataset.whatNow);

// `shown` is the picture; `view` is {region, place, onRegion}: the chosen region, the box that is followed through the
// layers, and what takes another choice.
export function showLayer(layer, shown, view) {
  const { detail } = layer;
  showDecision(detail.verdict);
  byId("summary").textContent = detail.summary;
  byId("layer-problem").textContent = "";
  showRegions(detail.verdict.regions, view);
  showFacts(detail, shown);
  showPicture(layer, shown, view);
  byId("viewer").dispatchEvent(new CustomEvent("layershown", {
    bubbles: true,
    detail: { inspection: detail.verdict.id, key: detail.key, verdict: detail.verdict, width: detail.width, height: detail.height },
  }));
}

// A layer whose verdict cannot be read now: what the strip knows, and why there is no more.
export function showProblem(set, words) {
  showDecision(set);
  byId("summary").textContent = "";
  byId("layer-problem").textContent = `More cannot be shown: ${words}.`;
  showRegions([], {});
  byId("layer-facts").replaceChildren();
  showWords("The layer cannot be read.");
  byId("viewer-note").textContent = "";
  byId("viewer").dispatchEvent(new CustomEvent("layerlost", { bubbles: true }));
}

function showDecision({ decision, layer, stage }) {
  byId("layer-decision").className = `said-line ${decision}`;
  byId("layer-decision").querySelector(".shape").replaceWith(shape(decision));
  byId("decision-word").textContent = decision;
  byId("layer-name").replaceChildren(`Layer ${layer} `, make("span", { class: "stage" }, stage));
  byId("what-now").textContent = WHAT_NOW[decision];
  byId("not-there")?.remove();
}

// ---- regions ----

function showRegions(regions, { region, onRegion }) {
  byId("region-scroll").hidden = !regions.length;
  const focused = byId("regions").contains(document.activeElement);
  byId("regions").replaceChildren(...regions.map((one, at) => row(one, at, at === region, onRegion)));
  if (focused) byId("regions").querySelectorAll("button")[region ?? 0]?.focus({ preventScroll: true });
}

function row(region, at, isSelected, onRegion) {
  const [x, y, width, height] = region.bbox;
  const button = make("button", { type: "button", class: "plain", "aria-pressed": isSelected, "aria-label": `Region ${at + 1}` }, at + 1);
  const made = make("tr", isSelected ? { class: "selected" } : {}, make("th", { scope: "row" }, button));
  const figures = [`${x}, ${y}`, `${width} × ${height}`, area(region.area_px, region.area_mm2), region.max_confidence.toFixed(2)];
  figures.forEach((text, place) => made.append(make("td", place > 1 ? { class: "number" } : {}, text)));
  made.append(make("td", {}, region.lights?.join(" ") || "–"));
  made.addEventListener("click", () => onRegion(at));
  return made;
}

// ---- facts ----

function showFacts({ verdict, revisions }, shown) {
  const { model, timing } = verdict;
  const moment = make("time", { datetime: timing.published });
  showClock(moment);
  const took = (new Date(timing.published) - new Date(timing.captured)) / 1000;
  const facts = [["Verdict", moment, ` file to verdict ${seconds(Math.max(0, took))}`]];
  for (const image of verdict.images) facts.push([`Light ${image.light || "–"}`, pictureWords(image)]);
  if (model) facts.push(["Model", `${model.bundle}, ${model.precision} on ${model.backend}, threshold ${model.threshold.toFixed(2)}`]);
  facts.push(["Inspection", `${verdict.id}, revision ${verdict.revision} of ${revisions.length}, attempt ${verdict.attempt}`]);
  byId("layer-facts").replaceChildren(...facts.map(([name, ...words]) => make("div", {}, make("dt", {}, name), make("dd", {}, ...words))));
}

function pictureWords({ path, width, height, bits, saturated_ratio: saturated }) {
  const size = width ? `, ${width} × ${height}, ${bits} bit` : "";
  return `${path}${size}${saturated === null ? "" : `, ${(100 * saturated).toFixed(0)} % saturated`}`;
}

// ---- picture ----

function showPicture({ detail, mask }, shown, { region, place, onRegion }) {
  byId("viewer-note").textContent = shown.words;
  if (shown.kind === "none") return showWords("No picture to show.");
  byId("viewer-words").hidden = true;
  byId("stack").hidden = false;
  const [width, height] = [detail.width ?? shown.image.naturalWidth, detail.height ?? shown.image.naturalHeight];
  showSize(width, height);
  shown.image.alt = alternative(detail.verdict, shown);
  shown.image.dataset.kind = shown.kind;
  shown.image.draggable = false;
  byId("pictures").replaceChildren(shown.image);
  // The overlay of the worker has the defects drawn into it.
  byId("masks").replaceChildren(...(mask && shown.kind !== "overlay" ? [mask] : []));
  showMarks(detail.verdict.regions, { region, place, width }, onRegion);
}

function showWords(words) {
  byId("stack").hidden = true;
  byId("viewer-words").hidden = false;
  byId("viewer-words").textContent = words;
}

function alternative({ layer, stage }, { kind, light, below }) {
  const what = {
    picture: `Picture${light ? ` under light ${light}` : ""}`,
    difference: `Difference${light ? ` under light ${light}` : ""} to layer ${below}`,
    overlay: "Overlay",
  }[kind];
  return `${what} of layer ${layer}, ${stage}; the summary says what is marked.`;
}
