// What is told over the layers of the build, as it comes.

import { byId, make, shape } from "../elements.js";

const WORDS = JSON.parse(byId("told-latest").dataset.words);

// Shows an event on top of the others, and returns it in words; nothing where it is shown already.
export function showTold(event) {
  if (byId(`told-${event.id}`)) return "";
  const look = event.severity === "critical" ? "reject" : "review";
  const words = WORDS[event.kind] ?? event.kind;
  const stage = event.evidence.at(-1).stage;
  const link = make("a", { href: `?layer=${event.layer}&stage=${stage}`, "data-go": "" }, `layer ${event.layer} ${stage}`);
  const reasons = make("span", { class: "quiet" }, event.reasons.join(" "));
  byId("told-latest").prepend(make("li", { id: `told-${event.id}`, class: look }, shape(look), make("span", {}, make("b", {}, words), ", ", link, ": ", reasons)));
  byId("told").hidden = false;
  return `${words}, layer ${event.layer}, ${stage}: ${event.reasons.join(" ")}`;
}
