// Picture files: chosen, pasted, or dropped anywhere in the room.

// What the server reads as it is; anything else that the browser can show is made a PNG of first.
const SENT_AS_THEY_ARE = ["image/png", "image/jpeg"];

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
  if (SENT_AS_THEY_ARE.includes(file.type)) return { name, bitmap, blob: file };
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  const blob = await new Promise((made) => canvas.toBlob(made, "image/png"));
  return { name, bitmap, blob };
}
