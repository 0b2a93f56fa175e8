// What the network sees and says: the picture in its form, the class, ten probabilities.

import { element } from "../../worksheet/elements.js";
import { drawDigit, inkColours, pixels, whenColoursChange } from "./colours.js";

const byId = (id) => document.getElementById(id);

export class Answer {
  constructor() {
    this.seen = byId("seen");
    this.digit = byId("class");
    this.sure = byId("sure");
    this.about = byId("about-answer");
    this.timing = byId("timing");
    this.bars = Array.from({ length: 10 }, (_, digit) => {
      const fill = element("span", { class: "fill" });
      const share = element("span", { class: "share" }, "");
      const line = element("li", {}, element("span", { class: "digit" }, String(digit)), element("span", { class: "track" }, fill), share);
      byId("bars").append(line);
      return { line, fill, share };
    });
    whenColoursChange(() => this.drawSeen());
    this.clear();
  }

  clear() {
    this.found = null;
    this.digit.textContent = "";
    this.sure.textContent = "nothing yet";
    this.about.textContent = "";
    this.timing.textContent = "";
    this.seen.setAttribute("aria-label", "What the network sees: nothing yet");
    for (const { line, fill, share } of this.bars) {
      line.className = "";
      fill.style.transform = "scaleX(0)";
      share.textContent = "";
    }
    this.drawSeen();
  }

  // There is something, but no digit in it.
  showNone(sentence) {
    this.clear();
    this.sure.textContent = "no digit yet";
    this.about.textContent = sentence;
  }

  show(found, subject) {
    this.found = found;
    // A test image keeps its label when it is drawn over.
    const label = found.label ?? subject.over?.label ?? null;
    this.digit.textContent = found.class ?? "?";
    this.sure.textContent = found.class === null ? "no answer" : `with ${percent(found.probabilities[found.class])}`;
    this.bars.forEach(({ line, fill, share }, digit) => {
      const probability = found.probabilities[digit];
      line.className = `${digit === found.class ? "most" : ""} ${digit === label ? "label-of-it" : ""}`;
      fill.style.transform = `scaleX(${probability ?? 0})`;
      share.textContent = percent(probability);
    });
    this.about.textContent = remark({ ...found, label }, subject);
    this.timing.textContent = timing(found);
    this.seen.setAttribute("aria-label", `What the network sees, ${found.class === null ? "for which it has no answer" : `taken for ${found.class}`}`);
    this.drawSeen();
  }

  drawSeen() {
    if (this.found) drawDigit(this.seen, this.found.seen);
    else this.seen.getContext("2d").putImageData(pixels(new Uint8Array(784), 28, inkColours()), 0, 0);
  }
}

function remark({ label, class: digit, probabilities }, subject) {
  if (label === null) return subject.kind === "picture" ? "The picture as it is." : "";
  if (label === digit) return `Its label is ${label}, too.`;
  return `Its label is ${label}, ${Number.isFinite(probabilities[label]) ? `which the network gives ${percent(probabilities[label])}` : "for which the network has no number"}.`;
}

function timing({ milliseconds, waited }) {
  return `${time(milliseconds)} of reckoning, ${time(waited)} in all`;
}

function time(milliseconds) {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

// Never 100 % or 0 % where that is only rounding; what is no number comes as null.
export function percent(share) {
  if (!Number.isFinite(share)) return "no number";
  const hundredths = 100 * share;
  if (hundredths > 99.9 && share < 1) return "> 99.9 %";
  if (hundredths < 0.1 && share > 0) return "< 0.1 %";
  return `${hundredths.toFixed(1)} %`;
}
