// Says the answer aloud, but only when the drawing pauses.

import { percent } from "./answer.js";

const PAUSE = 700;

export class Teller {
  constructor(place, paper) {
    this.place = place;
    this.paper = paper;
    this.timer = null;
  }

  heard({ class: digit, probabilities, label }, subject) {
    const truth = label === undefined || label === null ? "" : ` Its label is ${label}.`;
    const what = subject.kind === "image" ? `Test image ${subject.index}: taken for` : "Taken for";
    this.later(digit === null ? "The network has no answer." : `${what} ${digit}, ${percent(probabilities[digit])}.${truth}`);
  }

  later(sentence) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.paper.isDrawing) this.later(sentence);
      else this.place.textContent = sentence;
    }, PAUSE);
  }
}
