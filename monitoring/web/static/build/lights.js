// Which picture of a layer one looks at: a light, and whether it is compared with the layer below; and how the overlay looks.

import { byId, make } from "../elements.js";

export class LightChoice {
  light = null; // the wanted one; a layer without it shows its first
  compares = false;

  // `changed` is called when another picture is wanted.
  constructor(changed) {
    byId("lights").addEventListener("change", (event) => {
      this.light = event.target.value;
      changed();
    });
    toggle(byId("difference"), (on) => {
      this.compares = on;
      changed();
    });
    toggle(byId("overlay-on"), (on) => byId("stack").toggleAttribute("data-bare", !on));
    const opacity = byId("opacity");
    const dim = () => byId("masks").style.setProperty("opacity", opacity.value / 100);
    opacity.addEventListener("input", dim);
    dim();
  }

  get name() { return `${this.light} ${this.compares}`; }

  // Returns a function of a layer's detail, which the store may call later.
  get choose() {
    const { light, compares } = this;
    return (detail) => pictureOf(detail, light, compares);
  }

  // Shows the lights that a layer has.
  offer({ pictures }) {
    const names = pictures.map((one) => one.light);
    const fieldset = byId("lights");
    fieldset.hidden = names.length < 2;
    if (fieldset.dataset.lights !== names.join(" ")) {
      fieldset.dataset.lights = names.join(" ");
      fieldset.querySelectorAll("label").forEach((label) => label.remove());
      fieldset.append(...names.map((name) => make("label", { class: "chip" }, make("input", { type: "radio", name: "light", value: name }), name)));
    }
    const shown = names.includes(this.light) ? this.light : names[0];
    for (const input of fieldset.querySelectorAll("input")) input.checked = input.value === shown;
  }
}

function pictureOf({ pictures }, light, compares) {
  const chosen = pictures.find((one) => one.light === light) ?? pictures[0];
  if (!chosen) return null;
  const plain = { kind: "picture", light: chosen.light, url: chosen.url };
  if (!compares) return plain;
  if (!chosen.difference_url) return { ...plain, words: "There is no layer below to compare with." };
  return { kind: "difference", light: chosen.light, url: chosen.difference_url, below: layerOf(chosen.compared_with), instead: plain };
}

function layerOf(key) { return Number(key.match(/_(\d+)_[a-z]+$/)[1]); }

function toggle(button, changed) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    changed(on);
  });
}
