// New verdicts of this build as they come, and what is told over its layers.

import { listen } from "../server_events.js";

// `took` is called with each new verdict of the build, `told` with each event over its layers.
export function listenToBuild({ printer, build, took, told }) {
  let cursor = document.body.dataset.cursor;
  const isOurs = (what) => what.printer === printer && what.build === build;

  function verdict(event) {
    cursor = event.lastEventId;
    const said = JSON.parse(event.data);
    if (isOurs(said)) took(said);
  }

  function tell(event) {
    const said = JSON.parse(event.data);
    if (isOurs(said)) told(said);
  }

  listen(() => ({ after: cursor }), { verdict, told: tell });
}

// A verdict as the strip has it.
export function setOf(verdict) {
  const { layer, stage, decision, regions, timing } = verdict;
  const seconds = Math.max(0, (new Date(timing.published) - new Date(timing.captured)) / 1000);
  return { layer, stage, decision, inspection: verdict.id, regions: regions.length, ratio: verdict.defect_area_ratio, seconds };
}
