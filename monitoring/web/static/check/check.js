// Checking a layer: choose, see which light each picture is taken for, send, wait, and hear the verdict once.

import { differences, lightsOf, lookAt, sizeText } from "./pictures.js";
import { showClock } from "../times.js";
import { ConnectionLost, Refused, send, verdictOf } from "./upload.js";

const check = document.getElementById("check");
const form = document.getElementById("check-form");
const input = document.getElementById("pictures");
const list = document.getElementById("files");
const mistake = document.getElementById("mistake");
const progress = document.getElementById("progress");
const most = Number(check.dataset.most);

let chosen = []; // { file, looked }: the first is taken for the first light
let stop = null; // ends what is underway
let shown = location.pathname;

function say(text) {
  document.getElementById("say-polite").textContent = text;
}

function showState(state) {
  check.dataset.state = state;
  const busy = state === "uploading" || state === "waiting";
  form.hidden = busy;
  progress.hidden = !busy;
}

// ---- choosing ----

async function add(files) {
  const more = [...files].map((file) => ({ file, looked: {} }));
  const room = most - chosen.length;
  chosen = inOrderOfLights([...chosen, ...more.slice(0, room)]);
  complain(more.length > room ? `At most ${most} pictures are taken; ${more.length - room} were left out.` : "");
  show();
  for (const one of more) {
    one.looked = await lookAt(one.file);
    show();
  }
}

function inOrderOfLights(pictures) {
  const lights = lightsOf(pictures.map((one) => one.file.name));
  return pictures.map((one, at) => [lights[at], one]).sort(([a], [b]) => a.localeCompare(b, "en")).map(([, one]) => one);
}

function show() {
  const lights = currentLights();
  const focused = document.activeElement?.dataset.button;
  list.replaceChildren(...chosen.map((one, at) => item(one, at, lights[at])));
  if (focused) list.querySelector(`[data-button="${focused}"]:not(:disabled)`)?.focus();
  document.getElementById("chosen").hidden = chosen.length === 0;
  const unequal = document.getElementById("unequal");
  const said = differences(chosen.map((one) => one.looked));
  if (said && said !== unequal.textContent) say(said);
  unequal.textContent = said;
  unequal.hidden = !said;
  hand(chosen.map((one) => one.file));
  if (check.dataset.state === "empty" || check.dataset.state === "chosen") showState(chosen.length ? "chosen" : "empty");
}

function currentLights() {
  return lightsOf(chosen.map((one) => one.file.name)).sort((a, b) => a.localeCompare(b, "en"));
}

// The form itself holds the files in their order, so that it is sent alike without script.
function hand(files) {
  const held = new DataTransfer();
  files.forEach((file) => held.items.add(file));
  input.files = held.files;
}

function item({ file, looked }, at, light) {
  const row = document.createElement("li");
  const view = document.createElement("span");
  view.className = "view";
  if (looked.view) view.append(looked.view);
  const name = element("b", file.name);
  const size = looked.width ? `${looked.width} × ${looked.height}${looked.bits ? `, ${looked.bits} bit` : ""}, ` : "";
  const about = element("span", `${size}${sizeText(file.size)}`, "quiet");
  const taken = element("span", light ? `Light ${light}` : "One light", "light");
  const words = element("span", "", "words");
  words.append(name, about);
  row.append(view, taken, words, buttons(file, at));
  return row;
}

function buttons(file, at) {
  const row = element("span", "", "row");
  row.append(
    button("Up", `Move ${file.name} up`, `up-${at}`, at === 0, () => move(at, at - 1)),
    button("Down", `Move ${file.name} down`, `down-${at}`, at === chosen.length - 1, () => move(at, at + 1)),
    button("Remove", `Remove ${file.name}`, `remove-${at}`, false, () => remove(at)),
  );
  return row;
}

function button(text, label, name, disabled, act) {
  const made = element("button", text);
  made.type = "button";
  made.dataset.button = name;
  made.disabled = disabled;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function element(kind, text, name = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  made.className = name;
  return made;
}

function move(from, to) {
  const [one] = chosen.splice(from, 1);
  chosen.splice(to, 0, one);
  show();
  const ways = to < from ? ["up", "down"] : ["down", "up"];
  const button = ways.map((way) => list.querySelector(`[data-button="${way}-${to}"]:not(:disabled)`)).find(Boolean);
  button?.focus();
  say(`${one.file.name} is taken for light ${currentLights()[to]}.`);
}

function remove(at) {
  const [gone] = chosen.splice(at, 1);
  show();
  (list.querySelector(`[data-button="remove-${Math.min(at, chosen.length - 1)}"]`) ?? input).focus();
  say(`${gone.file.name} removed.`);
}

input.addEventListener("change", () => add(input.files));
// The dialog of the browser replaces what was chosen; here it adds to it, so the same file may come again.
input.addEventListener("click", () => { if (chosen.length) input.value = ""; });
input.addEventListener("cancel", () => hand(chosen.map((one) => one.file)));

document.addEventListener("paste", (event) => {
  if (form.hidden || !event.clipboardData.files.length) return;
  event.preventDefault();
  add(event.clipboardData.files);
});

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    if (form.hidden || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    check.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) check.classList.remove("over"); });
document.addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  check.classList.remove("over");
  if (!form.hidden) add(event.dataTransfer.files);
});

// ---- sending, and waiting for the verdict ----

function complain(text) {
  mistake.textContent = text;
  document.getElementById("drop").classList.toggle("wrong", Boolean(text));
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function tell(name, text, share) {
  document.getElementById("progress-name").textContent = name;
  document.getElementById("progress-text").textContent = text;
  const bar = document.getElementById("bar");
  if (share === undefined) bar.removeAttribute("value");
  else bar.value = share;
}

const WAITING = {
  queued: ["Waits for a worker", "The pictures are on the queue; layers that are being printed go first."],
  running: ["Being inspected", "A worker has the pictures."],
  lost: ["Connection lost", "Trying again by itself. The inspection goes on; nothing has to be sent again."],
};

function wait(state) {
  const [name, text] = WAITING[state];
  if (document.getElementById("progress-name").textContent !== name) say(`${name}.`);
  tell(name, text);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!chosen.length) {
    complain("Choose at least one picture first.");
    return input.focus();
  }
  complain("");
  stop = new AbortController();
  try {
    await finish(await upload(stop.signal), stop.signal);
  } catch (error) {
    giveBack(error);
  }
});

async function upload(signal) {
  showState("uploading");
  tell("Uploading", "", 0);
  document.getElementById("progress-name").focus();
  const answer = await send(content(), {
    signal,
    onProgress: (sent, all) => tell("Uploading", sent < all ? `${sizeText(sent)} of ${sizeText(all)}` : "Sent; the pictures are being looked at.", sent / all),
  });
  return answer.id;
}

function content() {
  const data = new FormData(form);
  data.set("wait", "0");
  currentLights().forEach((light) => data.append("lights", light));
  return data;
}

async function finish(id, signal) {
  showState("waiting");
  wait("queued");
  await verdictOf(id, { signal, onChange: wait });
  const answer = await fetch(`/check/${id}`, { signal });
  if (!answer.ok) return location.assign(`/check/${id}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  showResult(page, `/check/${id}`);
}

function showResult(page, address) {
  const result = document.adoptNode(page.getElementById("result"));
  history.pushState({}, "", address);
  shown = address;
  check.replaceWith(result);
  document.title = page.title;
  result.querySelectorAll("time[data-clock]").forEach(showClock);
  document.getElementById("result-name").focus();
  say(result.dataset.say ?? "");
}

// Back to the form, with what went wrong beside the pictures; all that was chosen is still there.
function giveBack(error) {
  showState(error instanceof Refused ? "refused" : error instanceof ConnectionLost ? "lost" : "chosen");
  if (error.name === "AbortError") {
    say("Cancelled.");
    return form.querySelector("[type=submit]").focus();
  }
  if (error instanceof Refused) complain(error.message);
  else if (error instanceof ConnectionLost) complain("The connection broke off while the pictures were sent. They are still chosen: try again.");
  else complain(`That did not work: ${error.message}`);
  mistake.focus();
}

document.getElementById("cancel").addEventListener("click", () => stop?.abort());
addEventListener("popstate", () => { if (location.pathname !== shown) location.reload(); }); // not where the skip link goes
check.classList.add("live");
if (mistake.textContent) mistake.focus();
if (input.files.length) add(input.files); // what a browser remembers after a reload
