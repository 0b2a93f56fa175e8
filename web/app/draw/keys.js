// Keys: undo and redo anywhere in the room, and on the paper a pen that arrow keys move.

const STEP = 1 / 56;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function listenToKeys(paper, sheet) {
  const { canvas, place } = paper;
  const mark = document.createElement("span");
  mark.className = "pen";
  mark.hidden = true;
  place.append(mark);
  const pen = { at: [0.35, 0.25], isDown: false };

  const show = () => {
    mark.hidden = false;
    mark.classList.toggle("down", pen.isDown);
    mark.style.left = `${100 * pen.at[0]}%`;
    mark.style.top = `${100 * pen.at[1]}%`;
  };
  const lift = () => {
    if (pen.isDown) paper.finish();
    pen.isDown = false;
  };
  const hide = () => {
    lift();
    mark.hidden = true;
  };

  // The stroke under way is over then; the next one begins with another key.
  sheet.listen((change) => {
    if (change !== "sheet") return;
    pen.isDown = false;
    mark.classList.remove("down");
  });
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || paper.isDrawing) return;
    const key = event.key.toLowerCase();
    const isRedo = key === "y" || (key === "z" && event.shiftKey);
    if (!isRedo && key !== "z") return;
    event.preventDefault();
    lift();
    if (isRedo) sheet.redo();
    else sheet.undo();
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || paper.isDrawing) return;
    const move = MOVES[event.key];
    if (move) {
      const step = event.shiftKey ? 4 * STEP : STEP;
      pen.at = pen.at.map((value, k) => Math.min(0.96, Math.max(0.04, value + step * move[k])));
      if (pen.isDown) paper.extend([pen.at]);
    } else if (event.key === " ") {
      if (pen.isDown) lift();
      else {
        pen.isDown = true;
        paper.begin(pen.at);
      }
    } else if (event.key === "Delete" || event.key === "Backspace") {
      lift();
      sheet.clear();
    } else if (event.key === "Escape") {
      hide();
      return;
    } else {
      return;
    }
    event.preventDefault();
    show();
  });
  canvas.addEventListener("blur", hide);
  canvas.addEventListener("pointerdown", hide);
}
