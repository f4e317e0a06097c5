// Keys that work anywhere on the page; those of one character can be turned off.

import { byId } from "../elements.js";

const KEPT = "layerwatch.keys";
const FIELDS = "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]";

// `actions` by key: { n: () => ..., ... }
export function listenForKeys(actions) {
  const dialog = byId("keys");
  const all = { ...actions, "?": () => dialog.showModal() };
  byId("keys-on").checked = areOn();
  byId("keys-on").addEventListener("change", (event) => keep(event.target.checked));
  byId("keys-close").addEventListener("click", () => dialog.close());
  byId("show-keys").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    const action = all[event.key];
    if (!action || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (!byId("keys-on").checked || event.target.closest(FIELDS) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    action();
  });
}

// Storage may be forbidden; then the choice lasts as long as the page.
function areOn() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

function keep(on) {
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    // see above
  }
}
