// What the page says of the whole build, as new verdicts come.

import { percent } from "./curves.js";
import { byId, make, shape } from "../elements.js";
import { SEVERITY } from "./strip_data.js";
import { showClock } from "../times.js";
import { plural } from "../words.js";

const ORDER = ["pass", "review", "reject", "invalid"];
const WORST = 24; // as monitoring/web/build/pages.py lists them

export function showWhole({ sets }, published) {
  showCounts(sets);
  byId("build-size").textContent = `${plural(new Set(sets.map((set) => set.layer)).size, "layer")}, ${plural(sets.length, "layer set")}`;
  const until = byId("build-until").querySelector("time");
  until.dateTime = published;
  showClock(until);
  showWorst(sets.filter((set) => set.decision !== "pass"));
}

function showCounts(sets) {
  const found = ORDER.map((decision) => [decision, sets.filter((set) => set.decision === decision).length]).filter(([, count]) => count);
  byId("build-counts").querySelector("ul").replaceChildren(...found.map(([decision, count]) =>
    make("li", { class: decision }, shape(decision), make("b", {}, count.toLocaleString("en")), ` ${decision}`)));
}

function showWorst(sets) {
  const order = (set) => SEVERITY.indexOf(set.decision);
  const worst = sets.sort((one, other) => order(other) - order(one) || other.ratio - one.ratio).slice(0, WORST);
  byId("worst").replaceChildren(...worst.map(item));
  const rest = sets.length - worst.length;
  byId("worst-rest").textContent = rest ? `And ${rest.toLocaleString("en")} more; the strip has them all.` : sets.length ? "" : "All layers pass.";
}

function item(set) {
  const found = set.decision === "invalid" ? "not judged" : `${plural(set.regions, "region")}, ${percent(set.ratio)}`;
  const link = make("a", { href: `?layer=${set.layer}&stage=${set.stage}`, "data-go": "" }, shape(set.decision),
    make("span", {}, make("b", {}, `Layer ${set.layer}`), ` ${set.stage}: ${set.decision}`), " ", make("span", { class: "why" }, found));
  return make("li", { class: set.decision }, link);
}
