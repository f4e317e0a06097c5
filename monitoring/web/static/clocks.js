// Times on a page that stands still, in the zone of the reader.

import { showClock } from "./times.js";

document.querySelectorAll("time[data-clock]").forEach(showClock);
