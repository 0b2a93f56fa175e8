// The table of epochs, a line after each.

import { element } from "../../worksheet/elements.js";
import { percent, significant, thousands } from "./words.js";

export class Epochs {
  constructor() {
    this.body = element("tbody");
    this.heading = element("tr");
    this.node = element("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Table of epochs" },
      element("table", { class: "epochs" }, element("thead", {}, this.heading), this.body));
    this.clear("test");
  }

  clear(judgedOn) {
    const on = judgedOn === "validation" ? "validation" : "test";
    const words = ["epoch", `${on} accuracy`, `${on} errors`, `${on} loss`, "training accuracy", "training loss", "learning rate", "seconds"];
    this.heading.replaceChildren(...words.map((text) => element("th", { scope: "col" }, text)));
    this.body.replaceChildren();
    this.best = null;
  }

  get isEmpty() {
    return this.body.rows.length === 0;
  }

  add(epoch) {
    const cells = [
      percent(epoch.accuracy), thousands(epoch.errors), epoch.loss.toFixed(4), percent(epoch.train_accuracy), epoch.train_loss.toFixed(4),
      significant(epoch.learning_rate), epoch.train_seconds.toFixed(1),
    ];
    const line = element("tr", {}, element("th", { scope: "row" }, String(epoch.epoch)), cells.map((text) => element("td", {}, text)));
    this.body.append(line);
    if (this.best === null || epoch.accuracy > this.best.accuracy) {
      this.best?.line.classList.remove("best");
      this.best = { accuracy: epoch.accuracy, line };
      line.classList.add("best");
    }
  }
}
