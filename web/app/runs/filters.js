// The line of filters: what is wanted of each kind, with how many runs there are of it.

import { element } from "../../worksheet/elements.js";
import { statusInWords } from "../train/words.js";

const PAUSE_WHILE_TYPING = 120;

const KINDS = [
  ["recipe", "Recipe", (run) => run.group ?? run.recipe, (value) => value],
  ["judged", "Judged on", (run) => run.judged_on, (value) => ({ test: "test images", validation: "held-out images" })[value] ?? value],
  ["data", "Images", (run) => run.data, (value) => ({ mnist: "MNIST", strokes: "stroke digits" })[value] ?? value],
  ["status", "Status", (run) => run.status, (value) => statusInWords(value).split(":")[0]],
  ["suite", "Suite", (run) => run.suite ?? "", (value) => value],
];

export class Filters {
  constructor(place, view) {
    Object.assign(this, { place, view });
    let timer = null;
    this.isTyping = false;
    this.text = element("input", {
      type: "search",
      id: "filter-text",
      oninput: () => {
        clearTimeout(timer);
        this.isTyping = true;
        timer = setTimeout(() => {
          this.isTyping = false;
          view.filter("text", this.text.value.trim());
        }, PAUSE_WHILE_TYPING);
      },
    });
    this.textFilter = labelled("Text", this.text);
    this.all = element("button", { type: "button", onclick: () => view.clearFilters() }, "Show all");
    place.addEventListener("submit", (event) => event.preventDefault());
  }

  // The runs as they are now.
  take(runs) {
    const focused = this.place.contains(document.activeElement) ? document.activeElement : null;
    this.selects = new Map();
    // A kind of which all runs are the same needs no filter, unless the address asks for one.
    const shown = KINDS.map((kind) => this.makeSelect(kind, runs)).filter((made) => made !== null);
    this.place.replaceChildren(this.textFilter, ...shown, this.all);
    this.show();
    // Selects are new ones then.
    if (focused) (focused.id ? document.getElementById(focused.id) : focused)?.focus({ preventScroll: true });
  }

  makeSelect([name, title, valueOf, inWords], runs) {
    const counts = new Map();
    for (const run of runs) counts.set(valueOf(run), (counts.get(valueOf(run)) ?? 0) + 1);
    const values = [...counts.keys()].filter((value) => value !== "").sort();
    const asked = this.view.filters[name];
    if (asked !== "" && !values.includes(asked)) values.push(asked);
    if (values.length === 0 || (counts.size < 2 && asked === "")) return null;
    const option = (value) => element("option", { value }, `${inWords(value)} (${counts.get(value) ?? 0})`);
    const select = element("select", { id: `filter-${name}`, onchange: () => this.view.filter(name, select.value) }, element("option", { value: "" }, "all"), values.map(option));
    this.selects.set(name, select);
    return labelled(title, select);
  }

  show() {
    const { filters } = this.view;
    if (this.text.value.trim() !== filters.text && !this.isTyping) this.text.value = filters.text;
    for (const [name, select] of this.selects) select.value = filters[name];
    const focused = document.activeElement === this.all;
    this.all.disabled = !this.view.isFiltered;
    if (focused && this.all.disabled) this.text.focus();
  }
}

function labelled(title, control) {
  return element("div", { class: "filter" }, element("label", { for: control.id }, title), control);
}
