// The chain rule of the chosen weight: path by path, factor by factor, then product, sum and update.

import { element, mathElement } from "./elements.js";
import { equationElement, fill, nameElement, partialMathMl, partialName, sentence, stageElement } from "./formula.js";

// Of more paths than this only the first is open at first.
const FEW_PATHS = 4;

export class ChainPanel {
  constructor(place, model) {
    this.place = place;
    this.model = model;
    if (!model.isReadable) {
      place.remove();
      return;
    }
    this.choices = element("fieldset", { class: "choices weights" }, element("legend", {}, "Weight"), this.makeChoices());
    this.body = element("div");
    place.append(this.choices, this.body);
    model.listen((change) => {
      if (change === "weight") this.write();
      else if (change === "numbers" || change === "row") fill(this.body, model.values());
      else if (change === "light") this.light();
    });
    this.write();
  }

  makeChoices() {
    const { model } = this;
    this.radios = model.parameterNodes.map((node, place) => element("input", {
      type: "radio",
      name: "weight",
      id: `weight-${node}`,
      "aria-label": model.symbol(node).unicode,
      onchange: () => model.setParameter(place),
    }));
    const label = (radio, place) => element("label", { for: radio.id }, radio, nameElement(model.parameterNodes[place], model));
    return element("div", {}, this.radios.map(label));
  }

  write() {
    const { model } = this;
    const chain = model.chain();
    this.radios[model.parameter].checked = true;
    const gradient = model.data.parameters[model.parameter].gradient;
    const several = chain.paths.length > 1;
    const partial = mathElement(partialMathMl(chain.of, chain.by, model));
    const heading = element("h2", { id: "chain-heading", "aria-label": partialName(chain.of, chain.by, model) }, partial, stageElement(`{=${gradient}}`, model));
    const words = element("p", { class: "words" }, sentence(chain.explanation, model));
    this.paths = chain.paths.map((path, place) => this.pathElement(path, place, chain.paths.length));
    const sum = several ? [this.sumElement(chain, gradient)] : [];
    this.body.replaceChildren(heading, words, ...this.paths, ...sum, this.oneLine(chain), ...this.update());
    fill(this.body, model.values());
    this.light();
  }

  pathElement(path, place, count) {
    const { model } = this;
    const route = model.quantitiesOf(path);
    const names = route.flatMap((node, at) => (at === 0 ? [nameElement(node, model)] : [" → ", nameElement(node, model)]));
    const title = count > 1 ? element("span", { class: "ordinal" }, `Path ${place + 1}`) : null;
    const summary = element("summary", {}, title, element("span", { class: "route" }, names));
    const ledger = element("div", { class: "ledger" }, path.factors.map((factor) => this.factorElement(factor, place)), this.productElement(path));
    const details = element("details", { class: "path", open: count <= FEW_PATHS || place === 0 }, summary, ledger);
    const light = () => model.light(place);
    summary.addEventListener("focus", light);
    summary.addEventListener("click", light);
    details.addEventListener("pointerenter", light);
    details.addEventListener("pointerleave", () => {
      if (!details.contains(document.activeElement)) model.light(null);
    });
    details.addEventListener("focusout", (event) => {
      if (!details.contains(event.relatedTarget)) model.light(null);
    });
    return details;
  }

  // ∂upper/∂lower | the formula, with numbers in place | its value
  factorElement(factor, path) {
    const { model } = this;
    const { upper, lower, derivative, rules, stages } = model.data.factors[factor];
    const light = () => model.light(path, factor);
    const symbols = `${model.symbol(upper).unicode} by ${model.symbol(lower).unicode}`;
    const name = `Show in the picture: the derivative of ${symbols}`;
    const partial = element("button", { type: "button", class: "partial", "aria-label": name, onfocus: light, onclick: light });
    partial.append(mathElement(partialMathMl(upper, lower, model)));
    const workings = stages.filter((text) => !isPlainValue(text)).map((text) => stageElement(text, model));
    const unlight = () => model.light(path);
    return element("div", { class: "factor", "data-factor": factor, onpointerenter: light, onpointerleave: unlight },
      partial,
      element("div", { class: "working" }, workings, element("span", { class: "rules" }, rules.join(", "))),
      element("div", { class: "amount" }, stageElement(`{=${derivative}}`, model)));
  }

  productElement(path) {
    return this.resultElement("factor product", ["their product"], path.product);
  }

  sumElement(chain, gradient) {
    const lines = chain.paths.map((path, place) => this.resultElement("factor", [`path ${place + 1}`], path.product));
    const partial = mathElement(partialMathMl(chain.of, chain.by, this.model));
    return element("div", { class: "ledger sum" }, lines, this.resultElement("factor product", ["their sum, ", partial], gradient));
  }

  // A line of a ledger that says in words what its amount is.
  resultElement(kind, words, node) {
    const amount = element("div", { class: "amount" }, stageElement(`{=${node}}`, this.model));
    return element("div", { class: kind }, element("span", { class: "what" }, words), amount);
  }

  oneLine(chain) {
    return element("details", { class: "aside" }, element("summary", {}, "The gradient in one line"), equationElement(chain.one_line, this.model));
  }

  update() {
    const { model } = this;
    const { updated } = model.data.parameters[model.parameter];
    const formula = model.updates.get(updated);
    if (!formula) return [];
    return [element("div", { class: "update" }, element("h3", {}, "The step to the next row"), equationElement(formula, model))];
  }

  light() {
    const { model } = this;
    this.paths.forEach((details, place) => {
      details.classList.toggle("lit", model.path === place);
      for (const line of details.querySelectorAll(".factor")) {
        line.classList.toggle("strong", model.path === place && Number(line.dataset.factor) === model.factor);
      }
    });
  }
}

function isPlainValue(text) {
  return /^(\{[=(]\d+\}|<mn>[^<]*<\/mn>)$/.test(text);
}
