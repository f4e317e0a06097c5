"""The pages there are, as a test goes to them, and what it asks a page in the browser."""

from dataclasses import dataclass

from tests.shown_plant import CHECKED

THEMES = ("light", "dark")
WIDTHS = (320, 390, 768, 1024, 1280, 1440, 2560, 3840)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One page.

    Attributes:
        path: on the plant of tests/shown_plant.py.
        ready: a selector that is there once the page has set itself up.
        logged_in: whether whoever looks may; the page that asks for a token is for who is not.
    """

    name: str
    path: str
    ready: str = "main"
    logged_in: bool = True


PLACES = (
    Place(name="now", path="/", ready="body[data-link=live]"),
    Place(name="builds", path="/builds"),
    Place(name="build", path="/builds/m290/job42?layer=7&stage=melt", ready="body[data-link=live]"),
    Place(name="check", path="/check"),
    Place(name="check-result", path=f"/check/{CHECKED}"),
    Place(name="login", path="/login", logged_in=False),
    Place(name="error", path="/nowhere"),
)

# Of WCAG's levels A and AA up to 2.2, and what axe itself recommends.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIOLATIONS = """async (tags) => (await axe.run(document,
    {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]}))
  .violations.map(each => [each.id, ...each.nodes.slice(0, 3).map(node => node.html.slice(0, 160))])"""

# A page that was resized draws anew in the frame after.
SETTLED = (
    """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"""
)
# What reaches beyond the window, but for what its own box lets scroll.
TOO_WIDE = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const scrolls = (one) => one && one !== document.body
    && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
  return [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !scrolls(one.parentElement))
    .slice(0, 5).map(one => one.outerHTML.slice(0, 120));
}"""

# What reaches beyond a box that neither hides nor scrolls it: words that lie over what is beside them.
RUNS_OUT = """() => [...document.querySelectorAll("body *")]
  .filter(one => one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1 && !one.closest("svg, .unseen")
    && one.checkVisibility({visibilityProperty: true}) && getComputedStyle(one).overflowX === "visible")
  .slice(-5).map(one => `${one.scrollWidth} > ${one.clientWidth}: ${one.outerHTML.slice(0, 120)}`)"""

# A link in a sentence is as high as its line (WCAG 2.5.8 leaves it out), and one whose row or label is the target, too.
SMALL_TARGETS = """(least) => {
  const inSentence = (one) => getComputedStyle(one).display === "inline"
    && one.parentElement.textContent.trim().length > one.textContent.trim().length;
  return [...document.querySelectorAll(least >= 44
    ? "button, .button, select, textarea, input:not([type=hidden]), nav a"
    : "a, button, input, select, summary"
  )].filter(one => one.checkVisibility({visibilityProperty: true, opacityProperty: true}) && !one.matches(".skip"))
    .filter(one => !one.closest("p, th, td, .unseen") && !inSentence(one))
    .map(one => [one, (one.closest("label") ?? one).getBoundingClientRect()])
    .filter(([, box]) => box.width && Math.min(box.width, box.height) < least - 0.5)
    .map(([one, box]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${one.outerHTML.slice(0, 100)}`);
}"""

# What Tab has to stop at: of radio buttons with one name only the chosen one, or the first.
STOPS = """() => {
  const look = (one, part) => { const s = getComputedStyle(one, part);
    return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor,
      s.stroke, s.strokeWidth].join(); };
  const drawn = (one) => one instanceof SVGElement ? [...one.children] : [];
  window.looks = (one) => [one, one.closest("label"), one.parentElement, one.nextElementSibling, ...drawn(one)]
    .filter(Boolean)
    .flatMap(each => [look(each), look(each, "::before"), look(each, "::after")]).join();
  const first = (one) => one.type !== "radio" || one === (document.querySelector(`[name="${one.name}"]:checked`)
    ?? document.querySelector(`[name="${one.name}"]`));
  window.stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter(one => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({visibilityProperty: true}) && first(one));
  document.activeElement?.blur();
  // A live page replaces its pieces meanwhile; one with the same name is the same stop.
  window.nameOf = (one) => one.id || one.getAttribute("href") || one.name || one.textContent.trim() || one.outerHTML;
  window.before = new Map(window.stops.map(one => [window.nameOf(one), window.looks(one)]));
  window.visited = new Set();
  window.stops[0].focus();
  return window.stops.length;
}"""
# Called before each Tab: false once the focus has left the document.
VISIT = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return false;
  const name = window.nameOf(one);
  window.visited.add(name);
  if (window.before.get(name) === window.looks(one)) (window.unseen ??= []).push(one.outerHTML.slice(0, 120));
  const box = one.getBoundingClientRect();
  const covered = (x, y) => !document.elementsFromPoint(box.left + x * box.width, box.top + y * box.height).slice(0, 1)
    .some(top => top === one || one.contains(top) || top.contains(one) || one.labels?.[0]?.contains(top));
  const corners = [[.5, .5], [.05, .1], [.95, .1], [.05, .9], [.95, .9]];
  const hidden = box.width > 2 && corners.every(([x, y]) => covered(x, y));
  if (hidden) (window.covered ??= []).push(one.outerHTML.slice(0, 120));
  return true;
}"""
MISSED = """() => ({
  unreached: window.stops.filter(one => one.isConnected && !window.visited.has(window.nameOf(one)))
    .map(one => one.outerHTML.slice(0, 120)),
  unmarked: window.unseen ?? [],
  covered: window.covered ?? [],
})"""

MOVING = """() => [...document.querySelectorAll("*")].filter(one => {
  const s = getComputedStyle(one);
  const long = (text) => text.split(",").some(each => parseFloat(each) > 0.01);
  return (s.animationName !== "none" && long(s.animationDuration)) || long(s.transitionDuration)
    || s.scrollBehavior === "smooth";
}).map(one => one.outerHTML.slice(0, 120))"""

# WCAG 1.4.12: line height 1.5, paragraphs 2, letters 0.12, words 0.16 of the font's size; and 1.4.4: twice the size.
SPACED = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
  p { margin-bottom: 2em !important }"""
LARGE = "html { font-size: 200% !important }"
STYLED = """(rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [sheet];
}"""
CUT_OFF = """() => {
  const text = (one) => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll("main *")].filter(one => text(one) && !one.closest(".unseen, svg")
    && one.checkVisibility({visibilityProperty: true}) && getComputedStyle(one).overflowY === "hidden"
    && one.scrollHeight > one.clientHeight + 2).map(one => one.outerHTML.slice(0, 120));
}"""
NAMES = "() => [...document.querySelectorAll('[id]')].map(one => one.id)"
