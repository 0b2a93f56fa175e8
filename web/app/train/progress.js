// How far the run is, as bars and figures.

import { element } from "../../worksheet/elements.js";
import { decimal, duration, percent, roughly, thousands } from "./words.js";

export class Progress {
  constructor() {
    this.epochBar = element("progress", { id: "epoch-bar", max: 1, value: 0 });
    this.epochWords = element("label", { for: "epoch-bar" });
    this.epochRemark = element("span", { class: "hint" });
    this.runBar = element("progress", { id: "run-bar", max: 1, value: 0 });
    this.runWords = element("label", { for: "run-bar" }, "The run");
    this.runRemark = element("span", { class: "hint" });
    const bar = (words, remark, progress) => element("div", { class: "bar-line" }, element("div", { class: "words" }, words, remark), progress);
    this.bars = element("div", { class: "bars", hidden: true }, bar(this.runWords, this.runRemark, this.runBar), bar(this.epochWords, this.epochRemark, this.epochBar));
    this.figures = {};
    const figure = (name, title, main) => {
      const [value, remark] = [element("dd", {}, "–"), element("dd", { class: "remark" })];
      const node = element("div", { class: main ? "main" : null }, element("dt", {}, title), value, remark);
      this.figures[name] = { value, remark, node };
      return node;
    };
    this.node = element("div", { class: "progress" },
      element("dl", { class: "figures" }, figure("accuracy", "Accuracy", true), figure("left", "Time left"), figure("loss", "Training loss"), figure("speed", "Images a second")),
      this.bars);
    this.clear();
  }

  clear() {
    Object.assign(this, { begun: null, point: null, epoch: null });
    for (const { value, remark } of Object.values(this.figures)) [value.textContent, remark.textContent] = ["–", ""];
    this.bars.hidden = true;
  }

  // Writes what is known of the job; called once a frame at most.
  show(job) {
    const { begun, point, epoch } = this;
    const isOn = job?.status === "running" || job?.status === "stopping";
    this.bars.hidden = !isOn || !begun;
    this.figures.left.node.hidden = !isOn;
    if (epoch) {
      const on = begun?.judged_on === "validation" ? "held-out training images" : "test images";
      this.set("accuracy", percent(epoch.accuracy), `${thousands(epoch.errors)} of ${thousands(begun?.judged_images ?? 0)} ${on} not recognised, after epoch ${epoch.epoch}`);
    } else if (isOn) this.set("accuracy", "–", "It is known after the first epoch.");
    if (!point || !begun) return;
    this.set("loss", decimal(point.loss), "mean of the last steps");
    this.set("speed", thousands(point.images_per_second), "");
    if (!isOn) return;
    // A step counted over the whole run is one within its epoch, too.
    const before = (point.epoch - 1) * begun.steps_per_epoch;
    const within = point.step > begun.steps_per_epoch ? point.step - before : point.step;
    const isJudged = epoch?.epoch === point.epoch;
    const done = isJudged ? begun.steps_per_epoch : within;
    const runs = (before + done) / (begun.epochs * begun.steps_per_epoch);
    this.set("left", point.seconds_left === null || point.seconds_left === undefined ? "–" : roughly(point.seconds_left), ending(point.seconds_left));
    this.epochWords.textContent = `Epoch ${point.epoch} of ${begun.epochs}`;
    this.epochRemark.textContent = done >= begun.steps_per_epoch ? (isJudged ? "done" : "being judged") : `step ${thousands(within)} of ${thousands(begun.steps_per_epoch)}`;
    this.runRemark.textContent = `${Math.floor(100 * runs)}\u00a0%`;
    this.epochBar.value = done / begun.steps_per_epoch;
    this.runBar.value = runs;
  }

  set(name, value, remark) {
    const figure = this.figures[name];
    if (figure.value.textContent !== value) figure.value.textContent = value;
    if (figure.remark.textContent !== remark) figure.remark.textContent = remark;
  }
}

// When it will be done, by the clock.
function ending(seconds) {
  if (!(seconds > 90)) return "";
  const end = new Date(Date.now() + 1000 * seconds);
  const clock = end.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return seconds < 20 * 3600 ? `done at about ${clock}` : `after ${duration(seconds)}`;
}
