// The curves in words: the greatest values with their layers.

import { percent } from "./curves.js";
import { make } from "../elements.js";
import { seconds } from "../words.js";

const LISTED = 10;

export function showTable(root, { sets }) {
  const defects = greatest(sets.filter((set) => set.decision !== "invalid" && set.ratio > 0), "ratio");
  const slowest = greatest(sets, "seconds");
  root.replaceChildren(
    table("Largest defect area", defects, (set) => percent(set.ratio)),
    table("Slowest verdicts", slowest, (set) => seconds(set.seconds)),
  );
}

function greatest(sets, figure) {
  return [...sets].sort((one, other) => other[figure] - one[figure]).slice(0, LISTED);
}

function table(caption, sets, words) {
  const rows = sets.map((set) => make("tr", {},
    make("th", { scope: "row" }, make("a", { href: `?layer=${set.layer}&stage=${set.stage}`, "data-go": "" }, `${set.layer} ${set.stage}`)),
    make("td", {}, set.decision), make("td", { class: "number" }, words(set))));
  const head = make("tr", {}, ...["Layer", "Decision"].map((name) => make("th", { scope: "col" }, name)), make("th", { scope: "col", class: "number" }, "Value"));
  return make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...rows));
}
