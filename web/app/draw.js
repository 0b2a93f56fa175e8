// The room Draw: paper, network, and what the network makes of what is on the paper.

import { Sheet } from "./draw/sheet.js";
import { Paper } from "./draw/paper.js";
import { listenToKeys } from "./draw/keys.js";
import { listenForPictures } from "./draw/pictures.js";
import { Looker } from "./draw/looker.js";
import { Answer } from "./draw/answer.js";
import { Layers } from "./draw/layers.js";
import { AGAIN_AFTER, Gallery, STILL_LOADING } from "./draw/gallery.js";
import { ModelChoice } from "./draw/models.js";
import { Teller } from "./draw/teller.js";
import { setAttribute } from "../worksheet/elements.js";
import { addressed, setAddressed } from "./draw/address.js";
import { keepSheet, keptSteps } from "./draw/kept_sheet.js";

const byId = (id) => document.getElementById(id);

const sheet = new Sheet();
const paper = new Paper(byId("paper"), sheet);
const answer = new Answer();
const layers = new Layers(byId("layers"));
const teller = new Teller(byId("said"), paper);
const models = new ModelChoice(byId("model"), byId("model-about"));
const gallery = new Gallery(byId("strip"), showImage, tellWhose);
// Until a test image is asked for again.
let again = null;

const looker = new Looker({
  answered(found, subject) {
    notice("");
    answer.show(found, subject);
    layers.show(found.layers);
    teller.heard(found, subject);
  },
  refused(error, subject) {
    // No digit in a drawing just begun is no fault: its first dot says little.
    if (error.status === 422 && subject.kind === "drawing") {
      answer.showNone(error.message);
      teller.later(error.message);
    } else if (error.status === 409 && subject.kind === "image") {
      notice(STILL_LOADING);
      again = setTimeout(look, AGAIN_AFTER);
    } else {
      notice(error.message);
    }
    if (error.status === 422) layers.clear();
  },
});

function look() {
  clearTimeout(again);
  const subject = paper.subject();
  if (subject === null) {
    looker.forget();
    answer.clear();
    layers.clear();
    notice("");
  } else if (models.chosen) {
    looker.look(models.chosen.id, subject);
  }
}

function showImage(image) {
  sheet.put({ kind: "image", ...image });
}

// Stroke digits look like MNIST's, and are not.
function tellWhose(data) {
  sheet.imagesOf = data === "strokes" ? " of the stroke digits" : "";
  describe();
}

function describe() {
  byId("paper-state").textContent = sheet.described;
  setAttribute(paper.canvas, "aria-label", sheet.describedAsName);
}

function notice(text) {
  // What is said aloud already need not be said again.
  if (byId("notice").textContent === text) return;
  byId("notice").textContent = text;
  byId("notice").hidden = text === "";
}

sheet.listen((change) => {
  byId("undo").disabled = !sheet.canUndo;
  byId("redo").disabled = !sheet.canRedo;
  byId("clear").disabled = sheet.isEmpty;
  describe();
  const shown = sheet.imageShown;
  gallery.mark(shown?.index ?? null);
  if (change !== "stroke") setAddressed("image", shown?.index ?? null);
  // What was found of the thing before must not appear beside the next one.
  if (change !== "stroke") looker.forget();
  look();
});
byId("undo").addEventListener("click", () => sheet.undo());
byId("redo").addEventListener("click", () => sheet.redo());
byId("clear").addEventListener("click", () => sheet.clear());
listenToKeys(paper, sheet);
listenForPictures({
  button: byId("choose"),
  input: byId("file"),
  taken: (picture) => sheet.put({ kind: "picture", ...picture }),
  refused: notice,
});

models.listen((model) => {
  looker.forget();
  if (sheet.isEmpty) layers.forget();
  look();
  gallery.load(model);
});

async function start() {
  const wanted = addressed("image");
  const index = wanted !== null && /^\d+$/.test(wanted) ? Number(wanted) : null;
  const steps = await keptSteps();
  // What is asked for goes before what was left.
  if (steps !== null && (steps[0].index ?? null) === index && sheet.isEmpty) sheet.restore(steps);
  else if (index !== null) showImage({ index });
  keepSheet(sheet);
  try {
    await models.load();
  } catch (error) {
    notice(error.message);
  }
}

start();
