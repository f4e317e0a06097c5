// A mask as a tint that can be laid over a picture.

const TINT = [255, 120, 0]; // orange, as in the overlays; told from grey with any kind of colour vision
const LONGEST = 2048; // px of a side

// A canvas that covers the regions alone, in parts of the picture: dataset has left, top, width, height in percent.
export function tinted(mask, detail) {
  const box = boxAround(detail);
  const scale = Math.min(1, LONGEST / Math.max(box.width, box.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(box.width * scale));
  canvas.height = Math.max(1, Math.round(box.height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const ratio = mask.naturalWidth / detail.width;
  context.drawImage(mask, box.x * ratio, box.y * ratio, box.width * ratio, box.height * ratio, 0, 0, canvas.width, canvas.height);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    pixels.data[at + 3] = pixels.data[at];
    [pixels.data[at], pixels.data[at + 1], pixels.data[at + 2]] = TINT;
  }
  context.putImageData(pixels, 0, 0);
  const share = { left: box.x / detail.width, top: box.y / detail.height, width: box.width / detail.width, height: box.height / detail.height };
  for (const [name, part] of Object.entries(share)) canvas.style[name] = `${100 * part}%`;
  return canvas;
}

function boxAround({ verdict, width, height }) {
  if (verdict.regions_truncated) return { x: 0, y: 0, width, height };
  const boxes = verdict.regions.map((region) => region.bbox);
  const x = Math.min(...boxes.map((box) => box[0]));
  const y = Math.min(...boxes.map((box) => box[1]));
  const right = Math.max(...boxes.map((box) => box[0] + box[2]));
  const bottom = Math.max(...boxes.map((box) => box[1] + box[3]));
  return { x, y, width: right - x, height: bottom - y };
}
