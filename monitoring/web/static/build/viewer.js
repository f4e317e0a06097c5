// Zoom and pan of the picture: one pixel of the picture is `scale` pixels of the page, its corner lies at (x, y).

const viewer = document.getElementById("viewer");
const stack = document.getElementById("stack");
const marks = document.getElementById("marks");
const STEP = 1.5;
const PAN = 60; // px a key
const LEAP = 0.4; // of the viewer a press on an arrow
const LARGEST = 16; // px of the page for one of the picture
const STILL = 4; // px that a click may move

let [width, height] = [1, 1];
let [scale, x, y] = [1, 0, 0];
let fitted = true;

// A picture of another size is fitted, one of the same size stays where one looks.
export function showSize(newWidth, newHeight) {
  if (newWidth === width && newHeight === height) return;
  [width, height] = [newWidth, newHeight];
  marks.setAttribute("viewBox", `0 0 ${width} ${height}`);
  viewer.style.setProperty("--shape", width / height);
  fit();
}

export function toPicture(clientX, clientY) {
  const box = viewer.getBoundingClientRect();
  return [(clientX - box.left - viewer.clientLeft - x) / scale, (clientY - box.top - viewer.clientTop - y) / scale];
}

export function fit() {
  fitted = true;
  scale = smallest();
  place();
}

export function oneToOne() { zoomTo(1 / devicePixelRatio); }

export function zoom(steps) { zoomTo(scale * STEP ** steps); }

// Moves so that a box of the picture can be seen, if it cannot.
export function reveal([left, top, boxWidth, boxHeight]) {
  const [centreX, centreY] = [(left + boxWidth / 2) * scale + x, (top + boxHeight / 2) * scale + y];
  const inside = centreX > 0 && centreY > 0 && centreX < viewer.clientWidth && centreY < viewer.clientHeight;
  if (inside) return;
  x += viewer.clientWidth / 2 - centreX;
  y += viewer.clientHeight / 2 - centreY;
  place();
}

function smallest() {
  return Math.min(viewer.clientWidth / width, viewer.clientHeight / height) || 1;
}

function zoomTo(wanted, atX = viewer.clientWidth / 2, atY = viewer.clientHeight / 2) {
  const next = Math.max(smallest(), Math.min(LARGEST, wanted));
  x = atX - ((atX - x) * next) / scale;
  y = atY - ((atY - y) * next) / scale;
  scale = next;
  fitted = scale <= smallest() * 1.001;
  place();
}

function place() {
  x = within(x, viewer.clientWidth - width * scale);
  y = within(y, viewer.clientHeight - height * scale);
  stack.style.width = `${width * scale}px`;
  stack.style.height = `${height * scale}px`;
  stack.style.transform = `translate(${x}px, ${y}px)`;
  stack.style.setProperty("--px", 1 / scale);
  viewer.toggleAttribute("data-zoomed", !fitted);
  stack.toggleAttribute("data-coarse", scale >= 3);
}

// A picture that is smaller than its place stands in the middle, a larger one covers it.
function within(at, room) { return room > 0 ? room / 2 : Math.max(room, Math.min(0, at)); }

new ResizeObserver(() => (fitted ? fit() : zoomTo(scale))).observe(viewer);

// ---- keys and wheel ----

viewer.addEventListener("keydown", (event) => {
  if (event.target !== viewer || event.ctrlKey || event.altKey || event.metaKey) return;
  const pan = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] }[event.key];
  if (pan && !fitted) [x, y] = [x + pan[0], y + pan[1]];
  else if (event.key === "+" || event.key === "=") zoom(1);
  else if (event.key === "-") zoom(-1);
  else if (event.key === "0") fit();
  else return;
  place();
  event.preventDefault();
  event.stopPropagation();
});

// The page scrolls over the picture as everywhere, until somebody turns to the picture.
viewer.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !viewer.contains(document.activeElement)) return;
  event.preventDefault();
  zoomTo(scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), ...inViewer(event));
}, { passive: false });

// ---- drag and pinch ----

const pointers = new Map();
let moved = 0;

viewer.addEventListener("pointerdown", (event) => {
  if (event.button || viewer.dataset.mode === "draw" || event.target.closest("button")) return;
  pointers.set(event.pointerId, inViewer(event));
  moved = 0;
});

viewer.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = inViewer(event);
  moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
  if (moved < STILL) return;
  if (!viewer.hasPointerCapture(event.pointerId)) viewer.setPointerCapture(event.pointerId);
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  pointers.set(event.pointerId, now);
  if (other) pinch(before, now, other);
  else if (!fitted) [x, y] = [x + now[0] - before[0], y + now[1] - before[1]];
  place();
});

for (const end of ["pointerup", "pointercancel"]) viewer.addEventListener(end, (event) => pointers.delete(event.pointerId));

function pinch(before, now, other) {
  const factor = Math.hypot(now[0] - other[0], now[1] - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
  zoomTo(scale * factor, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
}

function inViewer(event) {
  const box = viewer.getBoundingClientRect();
  return [event.clientX - box.left - viewer.clientLeft, event.clientY - box.top - viewer.clientTop];
}

// ---- buttons ----

document.getElementById("zoom-in").addEventListener("click", () => zoom(1));
document.getElementById("zoom-out").addEventListener("click", () => zoom(-1));
document.getElementById("zoom-fit").addEventListener("click", fit);
document.getElementById("zoom-one").addEventListener("click", oneToOne);
for (const button of viewer.querySelectorAll("[data-pan]")) {
  const [across, down] = button.dataset.pan.split(" ").map(Number);
  button.addEventListener("click", () => {
    [x, y] = [x + across * LEAP * viewer.clientWidth, y + down * LEAP * viewer.clientHeight];
    place();
  });
}
