// What the run would be: how long, how large, the command that does the same, and the button that begins it.

import { prose } from "../prose.js";
import { element } from "../../worksheet/elements.js";
import { bytes, counted, duration, thousands } from "./words.js";

const SAID_FOR = 2000;
const IMAGE_SIDE = 28;

export class PlanPanel {
  constructor(train) {
    this.time = element("dd", {}, "…");
    this.how = element("dd", { class: "remark" });
    this.facts = element("dl", { class: "facts" });
    this.notes = element("ul", { class: "notes", hidden: true });
    this.button = element("button", { type: "button", class: "primary large", onclick: train }, "Train");
    this.error = element("p", { class: "notice", role: "alert", hidden: true });
    this.news = element("p", { class: "news", role: "status" });
    this.command = element("code", { tabindex: "0", "aria-label": "Command" });
    this.copy = element("button", { type: "button", onclick: () => this.copyCommand() }, "Copy");
    const figures = element("dl", { class: "predicted" }, element("dt", {}, "Time it takes here"), this.time, this.how);
    const command = element("div", { class: "command" }, element("div", { class: "head" }, element("h3", {}, "The same at a command line"), this.copy), this.command);
    this.node = element("section", { class: "plan", "aria-label": "What this run will be" },
      element("div", { class: "begin" }, figures, this.button, this.error, this.news), this.facts, this.notes, command);
  }

  update(plan) {
    this.node.classList.remove("old");
    this.refuse(null);
    const { time } = plan;
    this.time.textContent = time ? `about ${duration(time.seconds)}` : "not known yet";
    const how = time && { measured: "measured on this computer", estimated: "estimated from the network’s work" }[time.how];
    this.how.textContent = time ? `${duration(time.seconds_per_epoch)} an epoch, ${how ?? time.how}` : "It will be after the first epoch.";
    const side = plan.receptive_field;
    const sees = side === null || side >= IMAGE_SIDE ? "all of the image" : `${side} × ${side} pixels`;
    const facts = [
      ["Parameters", thousands(plan.parameters)],
      ["Multiply-adds", `${thousands(plan.multiply_adds)} an image`],
      ["Receptive field", sees],
      ["Memory", `about ${bytes(plan.memory_bytes)}`],
      ["Trained on", counted(plan.train_images, "image")],
      ["Steps", `${thousands(plan.steps_per_epoch)} an epoch`],
      ["Judged on", counted(plan.judged_images, "image")],
    ];
    this.facts.replaceChildren(...facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
    this.notes.hidden = plan.notes.length === 0;
    this.notes.replaceChildren(...plan.notes.map((note) => element("li", {}, note)));
    this.command.textContent = plan.command;
  }

  // The figures are then those of the last draft that could be.
  refuse(message) {
    this.error.hidden = message === null;
    this.error.replaceChildren(...prose(message ?? ""));
  }

  age() {
    this.node.classList.add("old");
  }

  say(...words) {
    this.news.replaceChildren(...words);
  }

  async copyCommand() {
    let said = "Copied";
    try {
      await navigator.clipboard.writeText(this.command.textContent);
    } catch {
      // Without leave to copy, the text is chosen, ready for the person's own keys.
      getSelection().selectAllChildren(this.command);
      said = "Now Ctrl C";
    }
    this.copy.textContent = said;
    setTimeout(() => (this.copy.textContent = "Copy"), SAID_FOR);
  }
}
