// Picture files: chosen, pasted, or dropped anywhere in the room.

// What the server reads as it is; anything else that the browser can show is made a PNG of first.
const SENT_AS_THEY_ARE = ["image/png", "image/jpeg"];
// The server makes pictures smaller down to this side; what is larger, or has many bytes, is made smaller here already.
const WORKING_SIDE = 1024;
const MOST_BYTES = 4 * 2 ** 20;

export function listenForPictures({ button, input, taken, refused }) {
  const take = async (file) => {
    try {
      taken(await pictureOf(file));
    } catch {
      refused(`${file.name || "What was pasted"} is no picture that can be read here. PNG and JPEG files can.`);
    }
  };
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files.length > 0) take(input.files[0]);
    // The same file can be chosen again.
    input.value = "";
  });
  addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (!file) return;
    event.preventDefault();
    take(file);
  });
  addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}

async function pictureOf(file) {
  const bitmap = await createImageBitmap(file);
  const name = file.name || "that was pasted";
  const isSmall = Math.max(bitmap.width, bitmap.height) <= WORKING_SIDE && file.size <= MOST_BYTES;
  if (isSmall && SENT_AS_THEY_ARE.includes(file.type)) return { name, bitmap, blob: file };
  const canvas = reduced(bitmap);
  const blob = await new Promise((made) => canvas.toBlob(made, "image/png"));
  return { name, bitmap: canvas, blob };
}

// Halved as often as goes before the last step, so that no thin stroke falls between pixels.
function reduced(bitmap) {
  let [from, { width, height }] = [bitmap, bitmap];
  const scale = Math.min(1, WORKING_SIDE / Math.max(width, height));
  const [wide, high] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  do {
    [width, height] = [Math.max(wide, Math.ceil(width / 2)), Math.max(high, Math.ceil(height / 2))];
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(from, 0, 0, width, height);
    from = canvas;
  } while (width > wide || height > high);
  bitmap.close();
  return from;
}
