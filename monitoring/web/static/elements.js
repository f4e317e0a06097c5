// Small helps to make parts of the page; text goes in as text.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function make(name, attributes = {}, ...children) { return filled(document.createElement(name), attributes, children); }

export function draw(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

export function shape(decision) {
  return draw("svg", { class: "shape", "aria-hidden": "true", focusable: "false" }, draw("use", { href: `#shape-${decision}` }));
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
