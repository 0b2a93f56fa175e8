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
    const after = sizes(formData.get("layers") ?? DEFAULTS.layers);
    const before = this.before(after);
    if (before === null) return;
    const keep = (name) => {
      for (const value of before.query.getAll(name)) formData.append(name, value);
    };
    if (after.join() === before.sizes.join()) keep("weights");
    const isFit = after[0] === before.sizes[0] && after.at(-1) === before.sizes.at(-1);
    if (!isFit) return;
    const isSameLoss = (formData.get("loss") ?? DEFAULTS.loss) === before.loss;
    if (isSameLoss) {
      keep("sample");
      keep("targets");
    }
    keep("inputs");
  }

  // The numbers that there are, and the network that they belong to. Of one that was refused they stand in the address; where
  // they are as many as the network `after` takes, they are not what it was refused for.
  before(after) {
    if (isRefused()) {
      const query = new URLSearchParams();
      for (const [name, value] of this.loaded) {
        if (fits(name, value, after)) query.append(name, value);
      }
      return { query, sizes: after, loss: this.loaded.get("loss") ?? DEFAULTS.loss };
    }
    if (this.numbers === null) return null;
    const { shape, spec } = this.numbers.model.data;
    return { query: this.numbers.query(), sizes: sizes(shape), loss: spec.loss };
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

// Whether a parameter of the address holds as many numbers as layers of these sizes take.
function fits(name, value, layers) {
  const counts = {
    weights: [layers.slice(1).reduce((sum, size, at) => sum + size * layers[at], 0)],
    inputs: [layers[0]],
    targets: [layers.at(-1)],
    sample: [layers[0], layers.at(-1)],
  }[name];
  const parts = value.split(":").map((part) => part.split(","));
  const isNumber = (text) => text.trim() !== "" && Number.isFinite(Number(text));
  return counts !== undefined && counts.length === parts.length
    && parts.every((part, at) => part.length === counts[at] && part.every(isNumber));
}

function sorted(query) {
  return [...query].map(([name, value]) => `${name}=${value}`).sort().join("&");
}
