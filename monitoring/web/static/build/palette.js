// The tokens of the stylesheet for what is drawn on a canvas, which no selector reaches.

const FORCED = matchMedia("(forced-colors: active)");
const DARK = matchMedia("(prefers-color-scheme: dark)");

export function palette() {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => (FORCED.matches ? "" : style.getPropertyValue(`--${name}`).trim());
  const decision = (name) => ({
    fill: token(`${name}-fill`) || "CanvasText",
    tint: token(`${name}-tint`) || "Canvas",
    mark: token(`${name}-mark`) || "Canvas",
  });
  return {
    ink: token("ink") || "CanvasText",
    quiet: token("quiet") || "CanvasText",
    line: token("line") || "CanvasText",
    well: token("well") || "Canvas",
    card: token("card") || "Canvas",
    focus: token("focus") || "Highlight",
    font: getComputedStyle(document.body).fontFamily,
    rem: parseFloat(style.fontSize),
    pass: decision("pass"),
    invalid: decision("invalid"),
    review: decision("review"),
    reject: decision("reject"),
  };
}

export function onThemeChange(redraw) {
  for (const query of [FORCED, DARK]) query.addEventListener("change", redraw);
}

// A context whose unit is a pixel of the stylesheet, sharp on any screen.
export function sharpContext(canvas, width, height) {
  const dense = devicePixelRatio || 1;
  canvas.width = Math.round(width * dense);
  canvas.height = Math.round(height * dense);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(dense, 0, 0, dense, 0, 0);
  return context;
}
