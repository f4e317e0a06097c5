// Layers with their pictures, decoded, so that showing one takes no time; the neighbours are fetched before they are asked for.

import { tinted } from "./mask.js";

const KEPT = 12; // layers
const AT_ONCE = 2; // how many are fetched at a time

export class LayerStore {
  #kept = new Map(); // inspection -> layer, the longest unused first
  #running = new Map(); // name of a task -> {control, promise}
  #tasks = [];

  // A task is {set, address, choose}: `choose` takes the layer's detail and returns which picture to show.
  // The promise is that of the first; what is no longer wanted ends, so that the newest wish never waits in a line.
  want(tasks) {
    this.#tasks = tasks;
    const names = new Set(tasks.map(nameOf));
    for (const [name, { control }] of this.#running) if (!names.has(name)) control.abort();
    const first = this.#start(tasks[0]);
    this.#pump();
    return first;
  }

  // What is there whole, without waiting; undefined where something is still to come.
  ready(task) {
    const layer = this.#kept.get(task.set.inspection);
    return layer?.shown.get(task.choice) && layer;
  }

  #pump() {
    const next = this.#tasks.slice(1).find((task) => !this.#running.has(nameOf(task)) && !this.ready(task) && !task.failed);
    if (!next || this.#running.size >= AT_ONCE) return;
    this.#start(next).catch(() => { next.failed = true; }).finally(() => this.#pump());
    this.#pump();
  }

  #start(task) {
    const name = nameOf(task);
    const running = this.#running.get(name);
    if (running && !running.control.signal.aborted) return running.promise;
    const control = new AbortController();
    const promise = this.#load(task, control.signal).finally(() => {
      if (this.#running.get(name)?.control === control) this.#running.delete(name);
    });
    this.#running.set(name, { control, promise });
    return promise;
  }

  async #load(task, signal) {
    const layer = this.#kept.get(task.set.inspection) ?? { set: task.set, detail: await json(task.address, signal), shown: new Map() };
    const [shown, mask] = await Promise.all([
      layer.shown.get(task.choice) ?? shownPicture(task.choose(layer.detail), layer.detail, signal),
      layer.mask ?? maskOf(layer.detail, signal),
    ]);
    layer.shown.set(task.choice, shown);
    layer.mask = mask;
    this.#keep(task.set.inspection, layer);
    return layer;
  }

  #keep(inspection, layer) {
    this.#kept.delete(inspection);
    this.#kept.set(inspection, layer);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
    }
  }
}

function nameOf(task) { return `${task.set.inspection} ${task.choice}`; }

export async function json(address, signal) {
  const answer = await fetch(address, { signal });
  if (answer.ok) return answer.json();
  throw new Error(await wordsOf(answer));
}

async function wordsOf(answer) {
  const told = await answer.json().catch(() => ({}));
  return typeof told.detail === "string" ? told.detail : `the server answered with status ${answer.status}`;
}

// {image, kind: "picture" | "difference" | "overlay" | "none", light, words}: the chosen picture; where it cannot be had
// the overlay that the worker kept, with why; where there is none either, words alone.
async function shownPicture(chosen, detail, signal) {
  if (!chosen) return keptOverlay("This verdict names no picture.", detail, signal);
  try {
    return { words: "", ...chosen, image: await picture(chosen.url, signal) };
  } catch (error) {
    signal.throwIfAborted();
    const words = sentence(error.message);
    if (chosen.kind !== "difference") return keptOverlay(words, detail, signal);
    return { ...(await shownPicture(chosen.instead, detail, signal)), words: `No difference can be shown. ${words}` };
  }
}

async function keptOverlay(words, detail, signal) {
  if (!detail.overlay_url) return { kind: "none", words };
  try {
    const image = await picture(detail.overlay_url, signal);
    return { kind: "overlay", image, words: `This is the overlay that the worker drew. ${words}` };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "none", words: `${words} No overlay either: ${error.message}.` };
  }
}

function sentence(words) { return `${words[0].toUpperCase()}${words.slice(1)}.`; }

async function picture(url, signal) {
  const image = new Image();
  const stop = () => { image.src = ""; };
  signal.addEventListener("abort", stop, { once: true });
  image.src = url;
  try {
    await image.decode();
  } catch {
    signal.throwIfAborted();
    throw new Error(await whyNot(url, signal));
  } finally {
    signal.removeEventListener("abort", stop);
  }
  return image;
}

async function whyNot(url, signal) {
  const answer = await fetch(url, { signal });
  return answer.ok ? "the picture cannot be decoded" : wordsOf(answer);
}

async function maskOf(detail, signal) {
  if (!detail.mask_url || !detail.verdict.regions.length) return null;
  try {
    return tinted(await picture(detail.mask_url, signal), detail);
  } catch {
    signal.throwIfAborted();
    return null; // the regions' boxes and the list say where
  }
}
