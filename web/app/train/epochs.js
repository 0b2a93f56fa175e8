// The table of epochs, a line after each. Of very many the first and the last are shown, and all where that is asked for.

import { element } from "../../worksheet/elements.js";
import { decimal, percent, significant, thousands } from "./words.js";

// Up to so many lines all are shown; of more, so many at either end.
const MOST_LINES = 600;
const FIRST_LINES = 100;
const LAST_LINES = 400;

export class Epochs {
  constructor() {
    this.body = element("tbody");
    this.heading = element("tr");
    this.words = element("span");
    this.all = element("button", { type: "button", class: "quiet", "data-name": "all-epochs", onclick: () => this.toggle() });
    this.note = element("p", { class: "hint", hidden: true }, this.words, " ", this.all);
    this.node = element("div", {}, this.note,
      element("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Table of epochs" },
        element("table", { class: "epochs" }, element("thead", {}, this.heading), this.body)));
    this.clear("test");
  }

  clear(judgedOn) {
    const on = judgedOn === "validation" ? "validation" : "test";
    const words = ["epoch", `${on} accuracy`, `${on} errors`, `${on} loss`, "training accuracy", "training loss", "learning rate", "seconds"];
    this.heading.replaceChildren(...words.map((text) => element("th", { scope: "col" }, text)));
    this.body.replaceChildren();
    this.note.hidden = true;
    // Places in `epochs`: of the best, of the first behind the gap (0: there is no gap), of the next to be written.
    Object.assign(this, { epochs: [], best: null, from: 0, next: 0, isWhole: false });
  }

  get isEmpty() {
    return this.epochs.length === 0;
  }

  add(epoch) {
    if (this.best === null || epoch.accuracy > this.epochs[this.best].accuracy) this.best = this.epochs.length;
    this.epochs.push(epoch);
  }

  // Writes what is new; called once a frame at most, since thousands may come at once.
  show() {
    const { length } = this.epochs;
    if (this.next === length) return;
    const from = this.gapEnd;
    if (from !== this.from) {
      this.body.replaceChildren();
      this.next = 0;
      this.from = from;
    }
    const isShown = (place) => place < FIRST_LINES || place >= from;
    const places = Array.from({ length: length - this.next }, (_, k) => this.next + k).filter(isShown);
    this.body.append(...places.map((place) => lineOf(this.epochs[place], place === from && from > 0)));
    this.next = length;
    this.markBest();
    this.tell();
  }

  // The gap grows in strides, not with every line, so that what is being read does not run away.
  get gapEnd() {
    const { length } = this.epochs;
    if (this.isWhole || length <= MOST_LINES) return 0;
    const isNear = this.from > 0 && length - this.from <= MOST_LINES - FIRST_LINES;
    return isNear ? this.from : length - LAST_LINES;
  }

  markBest() {
    this.body.querySelector(".best")?.classList.remove("best");
    this.lineAt(this.best)?.classList.add("best");
  }

  lineAt(place) {
    if (this.from === 0 || place < FIRST_LINES) return this.body.rows[place];
    return place < this.from ? null : this.body.rows[FIRST_LINES + place - this.from];
  }

  tell() {
    const { length } = this.epochs;
    this.note.hidden = length <= MOST_LINES;
    if (this.note.hidden) return;
    const number = (place) => thousands(this.epochs[place].epoch);
    const best = `epoch ${number(this.best)} with ${percent(this.epochs[this.best].accuracy)}`;
    const left = this.lineAt(this.best) ? "" : ` The best, ${best}, is not among them.`;
    this.words.textContent = this.isWhole ? `All ${thousands(length)} epochs are shown.`
      : `Epochs ${number(0)} to ${number(FIRST_LINES - 1)} and ${number(this.from)} to ${number(length - 1)} are shown.${left}`;
    this.all.textContent = this.isWhole ? "Show fewer" : `Show all ${thousands(length)}`;
  }

  toggle() {
    this.isWhole = !this.isWhole;
    Object.assign(this, { next: 0, from: 0 });
    this.body.replaceChildren();
    this.show();
  }
}

function lineOf(epoch, isBehindGap) {
  const cells = [
    percent(epoch.accuracy), thousands(epoch.errors), decimal(epoch.loss), percent(epoch.train_accuracy), decimal(epoch.train_loss),
    significant(epoch.learning_rate), decimal(epoch.train_seconds, 1),
  ];
  return element("tr", { class: isBehindGap ? "behind-gap" : null }, element("th", { scope: "row" }, String(epoch.epoch)), cells.map((text) => element("td", {}, text)));
}
