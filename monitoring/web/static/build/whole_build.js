// The layers of a build, once they can be read: a screen on the wall has nobody to load the page again.

import { json } from "./layer_store.js";
import { StripData } from "./strip_data.js";

const RETRY_MS = 2_000;

export async function layersOf(address, say) {
  for (;;) {
    try {
      const layers = new StripData(await json(address));
      say("");
      return layers;
    } catch (error) {
      say(`The layers cannot be read now: ${error.message}. The page tries again.`);
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}
