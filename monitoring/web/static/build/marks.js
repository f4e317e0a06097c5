// The regions over the picture: a box and a number each, one stop for Tab, arrows from one to the next.

import { byId, draw } from "../elements.js";

const marks = byId("marks");

// `region` is the place of the chosen one in the list, `place` a box that is followed through the layers, `width` that
// of the picture; `choose` is called with the place in the list.
export function showMarks(regions, { region: selected, place, width }, choose) {
  const pad = Math.max(2, width / 300);
  const focused = marks.contains(document.activeElement);
  marks.replaceChildren(...regions.map((region, at) => mark(region, at, at === selected, pad)));
  const stop = marks.children[selected ?? 0];
  if (place && selected === null) marks.append(followed(place, pad));
  stop?.setAttribute("tabindex", "0");
  if (focused) stop?.focus({ preventScroll: true });
  marks.onclick = (event) => {
    const group = event.target.closest(".region-mark");
    if (group) choose(Number(group.dataset.region));
  };
  marks.onkeydown = (event) => key(event, choose);
}

export function inWords(region, at) {
  const [x, y, width, height] = region.bbox;
  return `Region ${at + 1}: at ${x}, ${y}, ${width} by ${height} pixels, confidence ${region.max_confidence.toFixed(2)}`;
}

function followed([x, y, width, height], pad) {
  return draw("rect", { class: "followed", x: x - pad, y: y - pad, width: width + 2 * pad, height: height + 2 * pad });
}

function mark(region, at, isSelected, pad) {
  const [x, y, width, height] = region.bbox;
  const box = { x: x - pad, y: y - pad, width: width + 2 * pad, height: height + 2 * pad };
  const group = draw("g", { class: "region-mark", role: "button", tabindex: "-1", "data-region": at, "aria-pressed": isSelected, "aria-label": inWords(region, at) });
  group.append(
    draw("rect", { ...box, class: "case" }),
    draw("rect", { ...box, class: "box" }),
    draw("circle", { cx: x + width / 2, cy: y + height / 2, class: "hit" }),
    draw("text", { x: box.x, y: box.y }, at + 1),
  );
  return group;
}

function key(event, choose) {
  const group = event.target.closest(".region-mark");
  if (!group) return;
  const next = { ArrowRight: group.nextElementSibling, ArrowDown: group.nextElementSibling, ArrowLeft: group.previousElementSibling, ArrowUp: group.previousElementSibling };
  if (event.key in next) {
    next[event.key]?.focus({ preventScroll: true });
    for (const other of marks.querySelectorAll(".region-mark")) other.setAttribute("tabindex", other === document.activeElement ? "0" : "-1");
  } else if (event.key === "Enter" || event.key === " ") choose(Number(group.dataset.region));
  else return;
  event.preventDefault();
  event.stopPropagation();
}
