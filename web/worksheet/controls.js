// What can be set: the row, the learning rate, and every number that the network was given.

import { numberText, readNumber } from "./number.js";
import { element, setAttribute } from "./elements.js";
import { nameElement } from "./formula.js";

// With more numbers than this the fields start folded away.
const FEW_FIELDS = 24;

// The row and the learning rate.
export class Bar {
  constructor(place, model) {
    this.model = model;
    const step = (label, name, by) => element("button", { type: "button", "aria-label": name, title: name, onclick: () => model.setRow(by(model.row)) }, label);
    this.slider = element("input", { type: "range", min: 1, step: 1, id: "row", oninput: () => model.setRow(Number(this.slider.value)) });
    this.rowText = element("output", { for: "row", class: "row-text" });
    this.rates = element("div", { class: "rates", role: "group", "aria-label": "Listed learning rates" });
    for (const rate of [...model.data.spec.learning_rates].sort((a, b) => a - b)) {
      this.rates.append(element("button", { type: "button", "data-rate": rate, onclick: () => model.setNumber(model.data.learning_rate, rate) }, String(rate)));
    }
    const problem = problemLine("rate-problem");
    this.rate = new NumberField(model, model.data.learning_rate, "learning rate", problem, (value) => (value > 0 ? null : "A learning rate must be above 0."));
    this.error = element("output", { class: "error-text", for: "row" });
    place.append(
      element("div", { class: "row-control" },
        element("label", { for: "row" }, "Row"),
        step("‹", "Previous row", (row) => row - 1),
        this.slider,
        step("›", "Next row", (row) => row + 1),
        this.rowText),
      element("div", { class: "rate-control" }, this.rate.label, this.rates),
      this.error,
      problem);
    model.listen((change) => {
      if (change === "numbers" || change === "row") this.show();
    });
    this.show();
  }

  show() {
    const { model } = this;
    const { total_error: totalError } = model.data;
    const error = model.current.errors[model.row - 1];
    setAttribute(this.slider, "max", model.rows);
    this.slider.value = model.row;
    setAttribute(this.slider, "aria-valuetext", `row ${model.row} of ${model.rows}, E_total ${numberText(error, 5)}`);
    this.rowText.textContent = `${model.row} of ${model.rows}`;
    this.error.replaceChildren(nameElement(totalError, model), ` = ${numberText(error)}`);
    for (const button of this.rates.children) setAttribute(button, "aria-pressed", Number(button.dataset.rate) === model.rate);
    this.rate.show();
  }
}

// Where it is said what is wrong with a number that was typed; announced as it changes, so it is always there.
function problemLine(id) {
  return element("p", { class: "problem on-screen", id, role: "status" });
}

// A labelled field for one number. What cannot be taken is marked, changes nothing, and is said in the line `problem`;
// `unfit` gives what else is wrong with a number, or null.
class NumberField {
  constructor(model, node, what, problem, unfit = () => null) {
    Object.assign(this, { model, node, problem, unfit });
    const id = `number-${node}`;
    const { unicode } = model.symbol(node);
    const kind = { id, type: "text", inputmode: "decimal", spellcheck: "false", "aria-describedby": problem.id };
    this.input = element("input", { ...kind, "aria-label": `${what} ${unicode}`, "data-name": model.symbol(node).name });
    this.label = element("label", { class: "field", for: id }, nameElement(node, model), this.input);
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("blur", () => this.show());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
  }

  typed() {
    const wrong = this.wrong();
    this.mark(wrong);
    if (wrong === null) this.model.setNumber(this.node, readNumber(this.input.value));
  }

  // What is wrong with what was typed, or null.
  wrong() {
    const typed = this.input.value.trim();
    const value = readNumber(typed);
    const largest = this.model.data.largest_magnitude;
    if (typed === "") return "There is no number.";
    if (value === null) return `“${typed}” is no number.`;
    if (Math.abs(value) > largest) return `${typed} is too large: from −${numberText(largest)} to ${numberText(largest)} is taken here.`;
    return this.unfit(value);
  }

  mark(wrong) {
    const isMarked = this.input.hasAttribute("aria-invalid");
    setAttribute(this.input, "aria-invalid", wrong === null ? null : true);
    // The line is shared: a field that is well leaves alone what is said of another.
    if (wrong === null && !isMarked) return;
    const kept = `All that is worked out is still with ${this.model.symbol(this.node).unicode} = ${numberText(this.model.given.get(this.node))}.`;
    this.problem.textContent = wrong === null ? "" : `${wrong} ${kept}`;
  }

  // The arrow keys change the last decimal place.
  pressed(event) {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === "Enter") event.preventDefault();
    if (!direction) return;
    const value = readNumber(this.input.value);
    if (value === null) return;
    event.preventDefault();
    const decimals = Math.min(10, (this.input.value.split(/[.,]/)[1] ?? "").length);
    this.input.value = (value + direction * 10 ** -decimals).toFixed(decimals);
    this.typed();
  }

  // Shows the model's number, but leaves alone what is being typed.
  show() {
    const value = this.model.given.get(this.node);
    if (document.activeElement === this.input && readNumber(this.input.value) === value) return;
    this.input.value = String(value);
    this.mark(null);
  }
}

// Inputs, targets, fixed biases, initial weights and trained biases.
export class Given {
  constructor(place, model) {
    this.model = model;
    this.fields = [];
    const form = place.querySelector("form");
    form.addEventListener("submit", (event) => event.preventDefault());
    const { samples, fixed_biases: fixed, parameters } = model.data;
    samples.forEach(({ inputs, targets }, sample) => {
      if (samples.length > 1) this.group(form, `Sample ${sample + 1}: inputs and targets`, "number", [...inputs, ...targets]);
      else [["Inputs", "input", inputs], ["Targets", "target", targets]].forEach((group) => this.group(form, ...group));
    });
    const kind = (name) => parameters.filter(({ role }) => role.kind === name).map(({ node }) => node);
    this.group(form, "Weights in row 1", "weight", kind("weight"));
    this.group(form, "Biases in row 1", "bias", kind("bias"));
    this.group(form, "Biases, never changed", "bias", fixed.map(({ node }) => node));
    this.undo = element("button", { type: "button", class: "undo", onclick: () => model.reset() }, "Put the original numbers back");
    form.append(this.undo);
    place.open = this.fields.length <= FEW_FIELDS;
    place.querySelector("summary").append(element("span", { class: "where on-screen" }, `${this.fields.length} numbers, to be changed here`));
    model.listen((change) => {
      if (change === "numbers") this.show();
    });
    this.show();
  }

  group(form, name, what, nodes) {
    if (nodes.length === 0) return;
    const problem = problemLine(`given-problem-${nodes[0]}`);
    const fields = nodes.map((node) => new NumberField(this.model, node, what, problem));
    this.fields.push(...fields);
    form.append(element("fieldset", {}, element("legend", {}, name), element("div", {}, fields.map((field) => field.label)), problem));
  }

  show() {
    for (const field of this.fields) field.show();
    this.undo.disabled = !this.model.isChanged;
  }
}

// Which sample the picture shows, where there are several.
export class Samples {
  constructor(place, model) {
    const count = model.data.samples.length;
    if (count === 1) return;
    const button = (_, sample) => element("button", { type: "button", onclick: () => model.setSample(sample) }, String(sample + 1));
    const buttons = Array.from({ length: count }, button);
    const group = element("div", { class: "choices", role: "group", "aria-label": "Sample shown" }, element("span", {}, "Sample"));
    group.append(...buttons);
    place.append(group);
    const show = () => buttons.forEach((button, sample) => setAttribute(button, "aria-pressed", sample === model.sample));
    model.listen((change) => {
      if (change === "sample") show();
    });
    show();
  }
}

// What should be known before trusting the numbers.
export function showNotice(place, model) {
  const messages = [];
  const { overflow } = model.current;
  if (overflow) {
    const where = `row ${overflow.row} (${model.symbol(overflow.node).unicode} first)`;
    messages.push(`At learning rate ${model.rate} the numbers leave the range of double precision in ${where}; the table ends there.`);
  }
  if (model.data.spec.loss === "softmax_cross_entropy") {
    const sums = model.data.samples.map(({ targets }) => targets.reduce((sum, node) => sum + model.given.get(node), 0));
    const isOff = sums.some((sum) => Math.abs(sum - 1) > 1e-9);
    if (isOff) messages.push("Under softmax the targets of a sample should add up to 1; these do not.");
  }
  const text = messages.join(" ");
  if (place.textContent !== text) place.textContent = text;
  place.hidden = text === "";
}
