// Puts pieces that the server sent into the page, without a flicker and without taking the focus away.

const placed = new Map(); // id of a piece -> its HTML as it was sent

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

// A picture that is there before its place in the page changes does not flicker.
export function picturesReady(root) {
  const loads = [...root.querySelectorAll("img")].map((image) => {
    const early = new Image();
    early.src = image.getAttribute("src");
    return early.decode().catch(() => {});
  });
  return Promise.race([Promise.all(loads), new Promise((done) => setTimeout(done, 2_000))]);
}

export function place(piece) {
  const old = document.getElementById(piece.id);
  const sent = piece.outerHTML;
  if (!old) insert(piece);
  else if (placed.get(piece.id) === sent || !replace(old, piece)) return;
  placed.set(piece.id, sent);
}

function replace(old, piece) {
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  if (focused && piece.id === "detail") return false; // somebody reads here
  old.replaceWith(piece);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  return true;
}

function insert(piece) {
  const parent = document.getElementById(piece.dataset.into);
  if (!parent) return;
  const newestFirst = parent.hasAttribute("data-newest-first");
  const next = newestFirst ? parent.firstElementChild : [...parent.children].find((other) => isAfter(other, piece));
  parent.insertBefore(piece, next ?? null);
  const surplus = parent.children.length - Number(parent.dataset.keep || Infinity);
  for (let count = 0; count < surplus; count++) {
    const oldest = newestFirst ? parent.lastElementChild : parent.firstElementChild;
    placed.delete(oldest.id);
    oldest.remove();
  }
}

function isAfter(other, piece) {
  return other.dataset.order.localeCompare(piece.dataset.order, "en", { numeric: true }) > 0;
}
