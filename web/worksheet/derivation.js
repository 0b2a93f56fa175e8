// Every step of the derivation, in the order in which a person writes it, and the rules that it uses.

import { element, mathElement } from "./elements.js";
import { equationElement, fill, nameElement, partialMathMl, partialName, prose, sentence, spoken } from "./formula.js";

export class DerivationPanel {
  constructor(place, model) {
    this.model = model;
    if (!model.isReadable) return;
    place.hidden = false;
    this.parts = model.data.sections.map((section) => this.part(sentence(section.heading, model), spoken(section.heading, model), () => this.sectionBody(section)));
    this.parts.push(this.part("The rules for derivatives", "The rules for derivatives", () => rulesBody(model.data.rules)));
    place.append(...this.parts);
    model.listen((change) => {
      if (change === "numbers" || change === "row") this.show();
    });
  }

  // A heading that opens; what is below it is made when it is first opened.
  part(heading, name, makeBody) {
    const body = element("div", { class: "part" });
    const details = element("details", {}, element("summary", {}, element("h3", { "aria-label": name }, heading)), body);
    details.addEventListener("toggle", () => {
      if (!details.open) return;
      if (!body.hasChildNodes()) body.append(makeBody());
      fill(body, this.model.values());
    });
    return details;
  }

  show() {
    for (const part of this.parts) if (part.open) fill(part, this.model.values());
  }

  sectionBody(section) {
    const steps = section.steps.map((step) => (step.chain ? this.gradient(step) : this.formula(step)));
    return element("div", {}, element("p", {}, sentence(section.introduction, this.model)), element("div", { class: "steps" }, steps));
  }

  formula(step) {
    const words = step.explanation ? element("p", {}, sentence(step.explanation, this.model)) : null;
    return element("div", { class: "step" }, words, equationElement(step.formula, this.model));
  }

  // The chain of a weight, its factors as one product for each path; the panel beside the picture has each factor's work.
  gradient({ chain, explanation }) {
    const { model } = this;
    const paths = chain.paths.map((path) => {
      const partials = path.factors.map((place) => model.data.factors[place]);
      const product = partials.map(({ upper, lower }) => partialMathMl(upper, lower, model)).join("<mo>·</mo>");
      const numbers = partials.map(({ derivative }) => `{(${derivative}}`).join("<mo>·</mo>");
      return equationElement([product, [numbers, `{=${path.product}}`]], model);
    });
    const heading = element("h4", { "aria-label": partialName(chain.of, chain.by, model) }, mathElement(partialMathMl(chain.of, chain.by, model)));
    const pick = element("button", { type: "button", class: "show", onclick: () => this.pick(chain.by) });
    pick.append("factor by factor, for ", nameElement(chain.by, model));
    return element("div", { class: "step" }, heading, element("p", {}, sentence(explanation, model)), paths, equationElement(chain.one_line, model), pick);
  }

  pick(node) {
    this.model.setParameter(this.model.parameterNodes.indexOf(node));
    const panel = document.getElementById("chain");
    panel.scrollIntoView();
    panel.querySelector("input:checked").focus({ preventScroll: true });
  }
}

function rulesBody(rules) {
  const line = ({ name, function: written, derivatives, why }) => element("tr", {},
    element("th", { scope: "row" }, name),
    element("td", {}, mathElement(written)),
    element("td", {}, derivatives.map(([by, derivative]) => element("div", {}, "by ", mathElement(by), ": ", mathElement(derivative)))),
    element("td", {}, prose(why)));
  const head = element("tr", {}, ["rule", "f", "derivative", "why"].map((name) => element("th", { scope: "col" }, name)));
  const table = element("table", { class: "rules-table" }, element("thead", {}, head), element("tbody", {}, rules.map(line)));
  return element("div", { class: "scroller", role: "region", "aria-label": "Rules", tabindex: 0 }, table);
}
