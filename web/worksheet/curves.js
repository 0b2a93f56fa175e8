// The loss curves of all learning rates with the current row marked, and the probe of rates too large.

import { numberText } from "./number.js";
import { element } from "./elements.js";
import { prose } from "./formula.js";
import { chart } from "./chart.js";

// As many rows of the probe as can be told apart at a glance.
const ROWS_OF_A_CLOSE_LOOK = 40;
// The largest ratio between values in the picture of the probe and the first E_total.
const FARTHEST = 1e8;

export class Curves {
  constructor(figure, model) {
    this.figure = figure;
    this.model = model;
    this.place = element("div", { class: "pickable", onpointerdown: (event) => this.pressed(event), onpointermove: (event) => this.dragged(event) });
    this.caption = element("figcaption");
    figure.append(this.place, this.caption);
    model.listen((change) => {
      if (change === "numbers" || change === "row") this.draw();
    });
    new ResizeObserver(() => this.resized()).observe(figure);
    this.resized();
  }

  resized() {
    const width = Math.max(280, Math.floor(this.figure.clientWidth));
    if (width === this.width) return;
    this.width = width;
    this.draw();
  }

  pressed(event) {
    this.place.setPointerCapture(event.pointerId);
    this.model.setRow(this.rowAt(event.clientX));
  }

  dragged(event) {
    if (event.buttons & 1 && this.place.hasPointerCapture(event.pointerId)) this.model.setRow(this.rowAt(event.clientX));
  }

  draw() {
    const { model } = this;
    const lines = model.runs.map(({ rate, errors, overflow }) => ({
      label: String(rate),
      remark: overflow ? `overflows in row ${overflow.row}` : numberText(errors[errors.length - 1], 4),
      errors,
      overflows: overflow !== null,
      kind: rate === model.rate ? "current" : null,
    }));
    const current = model.current.errors;
    const value = numberText(current[model.row - 1], 5);
    const { picture, rowAt } = chart({
      width: this.width,
      height: this.width < 560 ? 280 : 360,
      lines,
      yName: model.symbol(model.data.total_error).mathMl,
      mark: model.row,
      description: `E_total by row for ${lines.length} learning rates. At learning rate ${model.rate} it is ${value} in row ${model.row}.`,
    });
    this.rowAt = rowAt;
    this.place.replaceChildren(picture);
    const last = current.findLastIndex(Number.isFinite) + 1;
    const end = model.current.overflow ? `, and overflows in row ${model.current.overflow.row}` : "";
    const fall = `from ${numberText(current[0], 5)} in row 1 to ${numberText(current[last - 1], 5)} in row ${last}${end}`;
    this.caption.replaceChildren(
      prose(`At η = ${model.rate} the error goes ${fall}; the mark is at row ${model.row}, where it is ${value}. `),
      element("span", { class: "on-screen" }, "Click or drag in the picture to move the mark."));
  }
}

export class Probe {
  constructor(figure, model) {
    this.figure = figure;
    this.model = model;
    this.place = element("div");
    const sentences = model.data.divergence.caption.split(/ (?=η = |No rate)/);
    const caption = element("figcaption", {},
      element("p", {}, prose(sentences[0])),
      element("ul", {}, sentences.slice(1).map((text) => element("li", {}, prose(text)))),
      element("p", { class: "aside" }, "Found by the program for the numbers this worksheet was made with; later changes above do not touch it."));
    figure.append(this.place, caption);
    new ResizeObserver(() => this.resized()).observe(figure);
    this.resized();
  }

  resized() {
    const width = Math.max(280, Math.floor(this.figure.clientWidth));
    if (width === this.width) return;
    this.width = width;
    const { runs } = this.model.data.divergence;
    const first = runs[0].errors[0];
    const event = ({ verdict, errors }) => verdict.row ?? (verdict.rises ? errors.findIndex((error, place) => error > errors[place - 1]) : 0);
    const rows = Math.max(ROWS_OF_A_CLOSE_LOOK, ...runs.map((run) => 2 * event(run)));
    const words = { steady: "falls steadily", overshoots: "overshoots", stalls: "stalls", swings: "swings", overflows: "overflows" };
    const lines = runs.map(({ rate, verdict, errors }, place) => ({
      label: String(rate),
      remark: words[verdict.kind],
      errors: errors.slice(0, rows),
      overflows: verdict.kind === "overflows",
      kind: `step-${Math.round((5 * place) / Math.max(1, runs.length - 1))}`,
    }));
    const { picture } = chart({
      width,
      height: width < 560 ? 300 : 360,
      lines,
      logarithmic: true,
      floor: first / FARTHEST,
      ceiling: first * FARTHEST,
      yName: this.model.symbol(this.model.data.total_error).mathMl,
      description: this.model.data.divergence.caption,
    });
    this.place.replaceChildren(picture);
  }
}
