// What is said aloud: what comes together is said together, each thing once.

import { byId } from "../elements.js";
import { inWords } from "./strip_data.js";

const SETTLE_MS = 200;

let news = []; // sets that do not pass, not yet told
let timer;
let last;

export function tell(how, words) { byId(`say-${how}`).textContent = words; }

// Takes a new set; of those that come within a moment, `settled` of the last is called.
export function noteNews(set, settled) {
  if (set.decision !== "pass") news.push(set);
  last = settled;
  timer ??= setTimeout(() => {
    timer = undefined;
    last();
    const more = news.length > 1 ? `${news.length} new layers do not pass. The last: ` : "New: ";
    if (news.length) tell("polite", `${more}${inWords(news.at(-1))}.`);
    news = [];
  }, SETTLE_MS);
}
