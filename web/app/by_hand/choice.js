// The choice of network: a plain form, whose values stand in the address.

import { isRefused } from "./numbers.js";

const DEFAULTS = {
  layers: "2-2-2",
  activation: "sigmoid",
  output_activation: "",
  loss: "squared_error",
  biases: "none",
  bias_values: "",
  learning_rates: "",
  rows: "181",
};

export class Choice {
  constructor(form) {
    this.form = form;
    this.numbers = null;
    this.loaded = new URLSearchParams(location.search);
    this.fill(this.loaded);
    this.markPreset();
    const { biases, layers, bias_values: values } = form.elements;
    const showBiases = () => { document.getElementById("bias-entry").hidden = biases.value === "none"; };
    showBiases();
    biases.addEventListener("change", showBiases);
    // The values of other biases would not fit.
    const drop = () => {
      if (!values.isTyped) values.value = "";
    };
    biases.addEventListener("change", drop);
    layers.addEventListener("change", drop);
    form.addEventListener("input", ({ target }) => { target.isTyped = true; });
    form.addEventListener("formdata", ({ formData }) => this.complete(formData));
    // What was refused stays as it was typed.
    if (isRefused()) Object.keys(DEFAULTS).forEach((name) => { form.elements[name].isTyped = true; });
    const isPreset = document.querySelector(".presets [aria-current]") !== null;
    document.getElementById("another").open = isRefused() || !isPreset;
  }

  // Keeps in step with the numbers of the worksheet.
  follow(numbers) {
    this.numbers = numbers;
    numbers.listen(() => this.fill(numbers.query()));
  }

  fill(query) {
    for (const [name, usual] of Object.entries(DEFAULTS)) {
      const field = this.form.elements[name];
      if (field.isTyped) continue;
      const value = query.get(name) ?? "";
      // The address may spell `per-layer` as the command line does.
      if (field instanceof HTMLSelectElement) field.value = value === "" ? usual : value.replaceAll("-", "_");
      else field.value = value;
      // A select shows nothing for a value that it does not know; the server has said what is wrong with it.
      if (field instanceof HTMLSelectElement && field.selectedIndex < 0) field.value = usual;
    }
  }

  // Leaves out what is as usual, and adds the numbers that fit the network chosen.
  complete(formData) {
    for (const [name, usual] of Object.entries(DEFAULTS)) {
      const value = String(formData.get(name) ?? "").trim();
      if (value === "" || value === usual) formData.delete(name);
    }
    if (!formData.has("biases")) formData.delete("bias_values");
    const { numbers } = this;
    if (numbers === null) return;
    const { shape, spec } = numbers.model.data;
    const before = sizes(shape);
    const after = sizes(formData.get("layers") ?? DEFAULTS.layers);
    const keep = (name) => {
      for (const value of numbers.query().getAll(name)) formData.append(name, value);
    };
    if (after.join() === before.join()) keep("weights");
    const isFit = after[0] === before[0] && after.at(-1) === before.at(-1);
    if (!isFit) return;
    const isSameLoss = (formData.get("loss") ?? DEFAULTS.loss) === spec.loss;
    if (isSameLoss) {
      keep("sample");
      keep("targets");
    }
    keep("inputs");
  }

  markPreset() {
    const now = sorted(this.loaded);
    for (const link of document.querySelectorAll(".presets a")) {
      if (sorted(new URL(link.href).searchParams) === now) link.setAttribute("aria-current", "page");
    }
  }
}

function sizes(text) {
  return String(text).split(/[^0-9]+/).filter(Boolean).map(Number);
}

function sorted(query) {
  return [...query].map(([name, value]) => `${name}=${value}`).sort().join("&");
}
