// What is said aloud: each thing once, what is grave at once.

let known = troublesShown();

export function announce(how, ...texts) {
  const text = texts.filter(Boolean).join(" ");
  if (text) document.getElementById(`say-${how}`).textContent = text;
}

// Returns in words which troubles are new and which are over, as against the last time.
export function hearTroubles() {
  const now = troublesShown();
  const begun = [...now].filter(([key]) => !known.has(key)).map(([, trouble]) => trouble);
  const over = [...known].filter(([key]) => !now.has(key)).map(([, trouble]) => `Over: ${trouble.sentence}`);
  known = now;
  const grave = begun.filter((trouble) => trouble.gravity === "down");
  const other = begun.filter((trouble) => trouble.gravity !== "down");
  return { urgent: sentences(grave), polite: [sentences(other), ...over].filter(Boolean).join(" ") };
}

function sentences(troubles) {
  return troubles.map((trouble) => trouble.sentence).join(" ");
}

function troublesShown() {
  const found = [...document.querySelectorAll("#standing [data-trouble]")].map((item) => [
    item.dataset.trouble,
    { gravity: item.dataset.gravity, sentence: item.querySelector("[data-sentence]").textContent },
  ]);
  return new Map(found);
}
