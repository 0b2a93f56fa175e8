// Which network looks: the built-in one or one of the past runs.

import { get } from "../api.js";
import { element } from "../../worksheet/elements.js";
import { addressed, setAddressed } from "./address.js";

export class ModelChoice {
  constructor(select, about) {
    this.select = select;
    this.about = about;
    this.models = [];
    this.chosen = null;
    this.listeners = [];
    select.addEventListener("change", () => this.choose(this.models.find(({ id }) => id === select.value)));
  }

  listen(listener) {
    this.listeners.push(listener);
  }

  async load() {
    this.models = await get("/api/models");
    const option = (model) => element("option", { value: model.id }, model.name);
    const builtIn = this.models.filter((model) => model.built_in);
    const trained = this.models.filter((model) => !model.built_in);
    const groups = [["Built in", builtIn], ["Trained here", trained]].filter(([, models]) => models.length > 0);
    this.select.replaceChildren(...groups.map(([label, models]) => element("optgroup", { label }, models.map(option))));
    this.select.disabled = false;
    const wanted = addressed("model");
    const found = this.models.find(({ id }) => id === wanted);
    this.choose(found ?? this.models[0]);
    if (wanted !== null && !found) this.about.prepend(`There is no network “${wanted}” here any more; this is the built-in one. `);
  }

  choose(model) {
    this.chosen = model;
    this.select.value = model.id;
    setAddressed("model", model === this.models[0] ? null : model.id);
    this.about.textContent = factsOf(model);
    for (const listener of this.listeners) listener(model);
  }
}

function factsOf(model) {
  const { about, parameters, accuracy, judged_on: judgedOn } = model;
  const facts = [`${parameters.toLocaleString("en-GB")} parameters`, about.replace(/\.$/, "")].filter(Boolean);
  const images = judgedOn === "validation" ? "held-out" : "test";
  const whose = { mnist: "MNIST’s", strokes: "the stroke digits’" }[dataOf(model)] ?? "the";
  if (accuracy !== null) facts.push(`${(100 * accuracy).toFixed(2)} % of ${whose} ${images} images right`);
  return `${facts.join("; ")}.`;
}

// The images that the model was trained and judged on, as far as that is known.
export function dataOf(model) {
  return model.data ?? (model.built_in ? "mnist" : null);
}
