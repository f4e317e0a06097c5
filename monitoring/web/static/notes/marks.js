// What people drew, over the picture: broken lines, one pattern for each kind of correction.

import { byId, draw } from "../elements.js";

const layer = draw("svg", { class: "drawn", "aria-hidden": "true", focusable: "false" });
const kept = draw("g");
const draft = draw("g", { class: "draft" });
layer.append(kept, draft);
byId("stack").append(layer);

export function showSize(width, height) { layer.setAttribute("viewBox", `0 0 ${width} ${height}`); }

export function showDrawn(corrections) {
  kept.replaceChildren(...corrections.map(({ number, kind, points }) => {
    const [x, y] = cornerOf(points);
    const name = draw("text", { x, y }, kindWords(kind));
    return draw("g", { "data-number": number }, ...lines(points, true, kind), name);
  }));
}

export function point(number) {
  for (const group of kept.children) group.toggleAttribute("data-pointed", group.dataset.number === String(number));
}

// `points` may still lack the one under the pointer; two points are a box.
export function showDraft({ tool, points, hover, complete }) {
  layer.toggleAttribute("data-drawing", Boolean(tool));
  const all = hover && !complete ? [...points, hover] : points;
  const isBox = tool === "box";
  const shape = all.length > 1 ? lines(all, complete || isBox, "missed") : [];
  draft.replaceChildren(...shape, ...all.map(([x, y]) => draw("circle", { class: "corner", cx: x, cy: y })));
}

export function kindWords(kind) {
  return { "false-alarm": "false alarm", ignore: "nobody can tell", other: "other defect" }[kind] ?? kind;
}

// A dark line below a light broken one is seen on any picture.
function lines(points, isClosed, kind) {
  const corners = points.length === 2 && isClosed ? boxCorners(points) : points;
  const about = { points: corners.map((corner) => corner.join(",")).join(" ") };
  const name = isClosed ? "polygon" : "polyline";
  const pattern = { "false-alarm": "false-alarm", ignore: "ignore" }[kind] ?? "missed";
  return [draw(name, { ...about, class: "case" }), draw(name, { ...about, class: `drawn-line ${pattern}` })];
}

function boxCorners([[left, top], [right, bottom]]) {
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

function cornerOf(points) {
  return [Math.min(...points.map(([x]) => x)), Math.min(...points.map(([, y]) => y))];
}
