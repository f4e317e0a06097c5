// Chosen pictures as the page shows them: which light each is taken for, its size, a small view of it.

const SMALL = 176; // px of the small view, for dense screens
const MOST_PIXELS = 50_000_000; // more are not unpacked only to be shown small
const LETTERS = "abcdefghijklmnop";

// The letters in which names differ at their end, or a, b, c; a single picture has no light.
export function lightsOf(names) {
  if (names.length === 1) return [""];
  const stems = names.map((name) => name.replace(/\.[^.]*$/, ""));
  const ends = stems.map((stem) => stem.slice(-1));
  const alike = new Set(stems.map((stem) => stem.slice(0, -1))).size === 1;
  const different = new Set(ends).size === ends.length;
  return alike && different && ends.every((end) => /^[A-Za-z0-9]$/.test(end)) ? ends : [...LETTERS].slice(0, names.length);
}

export function sizeText(bytes) {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

// Width, height and a small view; empty where the browser cannot read the file: the server may.
export async function lookAt(file) {
  const declared = await pngHeader(file);
  if (declared && declared.width * declared.height > MOST_PIXELS) return declared;
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    const scale = SMALL / Math.max(width, height);
    const view = document.createElement("canvas");
    view.width = Math.max(1, Math.round(width * scale));
    view.height = Math.max(1, Math.round(height * scale));
    view.getContext("2d").drawImage(bitmap, 0, 0, view.width, view.height);
    bitmap.close();
    return { bits: declared?.bits, width, height, view };
  } catch {
    return declared ?? {};
  }
}

async function pngHeader(file) {
  const head = new DataView(await file.slice(0, 25).arrayBuffer());
  if (head.byteLength < 25 || head.getUint32(0) !== 0x89504e47) return null;
  return { width: head.getUint32(16), height: head.getUint32(20), bits: head.getUint8(24) === 16 ? 16 : 8 };
}

// In words, how pictures differ that would have to be alike.
export function differences(pictures) {
  const known = pictures.filter((picture) => picture.width);
  const sizes = new Set(known.map((picture) => `${picture.width} × ${picture.height}`));
  const depths = new Set(known.map((picture) => picture.bits).filter(Boolean));
  if (sizes.size > 1) return `The pictures differ in size: ${[...sizes].join(", ")} pixels. Lights of one layer have one size.`;
  if (depths.size > 1) return `The pictures differ in bits of grey: ${[...depths].join(", ")}. Lights of one layer have the same.`;
  return "";
}
