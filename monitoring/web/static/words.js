// Figures as people read them, as monitoring/rows.py writes them.

export function area(px, mm2) {
  if (mm2 === null) return `${px.toLocaleString("en")} px`;
  const digits = mm2 < 1 ? 3 : 2;
  return `${mm2.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })} mm²`;
}

export function seconds(value) {
  if (value < 10) return `${value.toFixed(2)} s`;
  if (value < 120) return `${value.toFixed(1)} s`;
  if (value < 7200) return `${(value / 60).toFixed(0)} min`;
  return value < 172_800 ? `${(value / 3600).toFixed(0)} h` : `${(value / 86_400).toFixed(0)} days`;
}

export function plural(count, word) { return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`; }
