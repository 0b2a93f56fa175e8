// The paper as it was left: kept for this tab, so that a reload or a look into another room loses no drawing.

import { bytesOf } from "./colours.js";

const KEPT_AS = "longhand.draw.paper";
// A browser keeps some five million characters; a drawing has a few thousand.
const MOST_CHARACTERS = 3e6;

// Keeps the paper when the page is left.
export function keepSheet(sheet) {
  // A picture has to be read beforehand: a page that is left waits for nothing.
  sheet.listen((change) => {
    if (change === "sheet") readPicture(sheet.ground);
  });
  addEventListener("pagehide", () => {
    const text = sheet.isEmpty ? "" : JSON.stringify([sheet.ground, ...sheet.strokes].map(plain));
    try {
      if (text === "" || text.length > MOST_CHARACTERS) sessionStorage.removeItem(KEPT_AS);
      else sessionStorage.setItem(KEPT_AS, text);
    } catch {
      // Nothing is kept then; the room works all the same.
    }
  });
}

// What was done on the paper that was kept, or null: a ground and strokes over it.
export async function keptSteps() {
  try {
    const [ground, ...strokes] = JSON.parse(sessionStorage.getItem(KEPT_AS)) ?? [];
    if (ground === undefined) return null;
    if (ground.kind === "picture") {
      const [about, base64] = ground.text.split(",");
      ground.blob = new Blob([bytesOf(base64)], { type: about.match(/^data:([^;]*)/)[1] });
      ground.bitmap = await createImageBitmap(ground.blob);
    }
    return [ground, ...strokes];
  } catch {
    // A browser that keeps nothing, or something else's words.
    return null;
  }
}

function readPicture(ground) {
  if (ground.kind !== "picture" || ground.text !== undefined || ground.blob.size > MOST_CHARACTERS / 2) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => { ground.text = reader.result; });
  reader.readAsDataURL(ground.blob);
}

// Without what cannot be written down, and no finer than a tenth of the canvas's pixels.
function plain(step) {
  if (step.kind !== "stroke") return { ...step, blob: undefined, bitmap: undefined };
  return { ...step, points: step.points.map((point) => point.map((share) => Math.round(share * 1e4) / 1e4)) };
}
