// The network: its layers as text to be changed, and what they make, layer by layer.

import { prose } from "../prose.js";
import { element } from "../../worksheet/elements.js";
import { thousands } from "./words.js";

const MOST_ROWS = 40;

export class Network {
  constructor(draft) {
    this.draft = draft;
    this.field = null;
    this.text = element("textarea", {
      id: "layers",
      wrap: "off",
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      rows: 24,
      "aria-describedby": "layers-help layers-error",
      oninput: () => this.set(this.text.value),
    });
    this.error = element("p", { id: "layers-error", class: "error", hidden: true });
    this.back = element("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.putBack() }, "put back");
    this.table = element("table", { class: "layer-table" }, element("caption", {}, "What each layer makes"), element("thead", {}, headings()), element("tbody"), element("tfoot"));
    const help = element("p", { id: "layers-help", class: "hint" }, "One layer a line, as in a recipe file. The summary follows as you type.");
    const editor = element("div", { class: "editor" }, element("div", { class: "head" }, element("label", { for: "layers" }, "Layers, as text"), this.back), this.text, this.error, help);
    const summary = element("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Layers of the network" }, this.table);
    this.node = element("div", { class: "network" }, editor, summary);
  }

  set(text) {
    if (!this.field) return;
    this.draft.set(this.field, text);
    this.back.hidden = !this.draft.changes.has(this.field.key);
  }

  putBack() {
    this.text.value = this.field.original;
    this.draft.putBack(this.field);
    this.back.hidden = true;
    this.text.focus();
  }

  update(plan) {
    this.field = plan.fields.find((field) => field.kind === "layers") ?? null;
    if (this.field) {
      const text = this.draft.changes.get(this.field.key) ?? this.field.value;
      if (document.activeElement !== this.text && this.text.value !== text) this.text.value = text;
      this.back.hidden = !this.draft.changes.has(this.field.key);
    }
    this.text.rows = Math.min(MOST_ROWS, Math.max(6, this.text.value.split("\n").length));
    this.table.tBodies[0].replaceChildren(...rows(plan));
    this.table.tFoot.replaceChildren(row("", "total", "", thousands(plan.parameters), "", thousands(plan.multiply_adds)));
    this.table.classList.remove("old");
    this.refuse(null);
  }

  isAt(key) {
    return this.field?.key === key || (key ?? "").startsWith("network");
  }

  refuse(message) {
    this.error.hidden = message === null;
    this.error.replaceChildren(...prose(message ?? ""));
    if (message === null) return this.text.removeAttribute("aria-invalid");
    this.text.setAttribute("aria-invalid", "true");
    this.table.classList.add("old");
  }
}

function headings() {
  const words = ["", "layer", "output", "parameters", "sees", "multiply-adds"];
  return element("tr", {}, words.map((text) => (text ? element("th", { scope: "col" }, text) : element("td"))));
}

// Bars behind the two counts show at a glance where the network's weights and its work are.
function rows(plan) {
  const most = (count) => Math.max(1, ...plan.layers.map((layer) => layer[count]));
  const [parameters, work] = [most("parameters"), most("multiply_adds")];
  return plan.layers.map((layer, place) => {
    const sees = layer.receptive_field === null ? "all" : `${layer.receptive_field}×${layer.receptive_field}`;
    const count = (number) => (number > 0 ? thousands(number) : "");
    const made = row(String(place + 1), layer.description, layer.output, count(layer.parameters), sees, count(layer.multiply_adds));
    bar(made.cells[3], layer.parameters / parameters);
    bar(made.cells[5], layer.multiply_adds / work);
    return made;
  });
}

function row(number, description, ...cells) {
  return element("tr", {}, element("td", { class: "number" }, number), element("th", { scope: "row" }, description), cells.map((text) => element("td", {}, text)));
}

function bar(cell, share) {
  if (share <= 0) return;
  cell.classList.add("bar");
  cell.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
}
