// Times and ages in the words and the zone of the reader.

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DATE = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };

export function showClock(time) {
  const moment = new Date(time.dateTime);
  const today = moment.toDateString() === new Date().toDateString();
  time.textContent = moment.toLocaleString([], today ? TIME : DATE);
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function lengthOf(seconds) {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}
