// One field of a recipe: its label, its control, what it means, what it was, and what is wrong with it.

import { prose } from "../prose.js";
import { element } from "../../worksheet/elements.js";

export class FieldView {
  constructor(field, draft) {
    Object.assign(this, { field, draft });
    const id = `field-${field.key.replaceAll(".", "-")}`;
    this.help = element("p", { id: `${id}-help`, class: "help", hidden: true });
    this.was = element("p", { id: `${id}-was`, class: "was", hidden: true });
    this.error = element("p", { id: `${id}-error`, class: "error", hidden: true });
    this.control = this.makeControl(id);
    this.label = element("label", { for: id }, field.label);
    this.helpButton = element("button", { type: "button", class: "help-mark", "aria-expanded": "false", "aria-controls": this.help.id, "aria-label": `What is “${field.label}”?`, onclick: () => this.toggleHelp() }, "?");
    const unit = field.unit ? element("span", { class: "unit" }, field.unit) : null;
    const head = element("div", { class: "head" }, this.label, field.help ? this.helpButton : null);
    this.node = element("div", { class: `field ${field.kind}` }, head, element("div", { class: "control" }, this.control, unit), this.was, this.error, this.help);
    this.update(field);
  }

  makeControl(id) {
    const { field } = this;
    const about = { id, "aria-describedby": `${id}-was ${id}-error ${id}-help` };
    if (field.kind === "switch") return element("input", { type: "checkbox", ...about, onchange: () => this.set(this.control.checked) });
    if (field.kind === "choice") {
      const select = element("select", { ...about, onchange: () => this.set(this.field.choices[select.selectedIndex].value) });
      return select;
    }
    return element("input", {
      type: "text",
      inputmode: field.kind === "integer" ? "numeric" : "decimal",
      autocomplete: "off",
      ...about,
      oninput: () => this.set(this.control.value),
      onkeydown: (event) => this.step(event),
    });
  }

  // Up and down, as in a number field, but numbers such as 1e-4 can be typed too.
  step(event) {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    const { step, min, max } = this.field;
    const now = Number(this.control.value);
    if (!direction || !step || event.altKey || event.ctrlKey || event.metaKey || this.control.value.trim() === "" || !Number.isFinite(now)) return;
    event.preventDefault();
    const next = Math.min(Math.max(now + direction * step, min ?? -Infinity), max ?? Infinity);
    this.control.value = String(Number(next.toPrecision(10)));
    this.set(this.control.value);
  }

  set(value) {
    this.draft.set(this.field, value);
    this.showChange();
  }

  // Takes the server's word, but leaves alone what is being typed.
  update(field) {
    this.field = field;
    const { control } = this;
    const value = this.draft.changes.get(field.key) ?? field.value;
    if (field.kind === "switch") control.checked = value === true;
    else if (field.kind === "choice") this.fillChoices(value);
    else if (document.activeElement !== control) control.value = String(value ?? "");
    this.help.textContent = field.help ?? "";
    this.showChange();
    this.showError(null);
  }

  fillChoices(value) {
    const { control, field } = this;
    const words = JSON.stringify(field.choices);
    if (this.choicesShown !== words) {
      control.replaceChildren(...field.choices.map((choice) => element("option", {}, choice.label)));
      this.choicesShown = words;
    }
    control.selectedIndex = field.choices.findIndex((choice) => choice.value === value);
  }

  get isChanged() {
    return this.draft.changes.has(this.field.key);
  }

  showChange() {
    const { field, isChanged } = this;
    this.node.classList.toggle("changed", isChanged);
    this.was.hidden = !isChanged;
    if (!isChanged) {
      // The button that was pressed goes; whoever pressed it stays at the field.
      const pressed = this.was.contains(document.activeElement);
      this.was.replaceChildren();
      if (pressed) this.control.focus();
      return;
    }
    if (this.was.childNodes.length > 0) return;
    const has = field.original !== null && field.original !== undefined;
    const back = element("button", { type: "button", class: "quiet", "aria-label": `Put “${field.label}” back`, onclick: () => this.putBack() }, "put back");
    this.was.replaceChildren(has ? `was ${inWords(field)} ` : "not in the recipe ", back);
  }

  putBack() {
    this.draft.putBack(this.field);
    this.restore();
  }

  // Shows what the recipe has, once nothing is changed any more.
  restore() {
    if (this.field.kind === "integer" || this.field.kind === "number") this.control.value = String(this.field.original ?? "");
    this.showChange();
  }

  showError(message) {
    this.error.hidden = message === null;
    this.error.replaceChildren(...prose(message ?? ""));
    if (message === null) this.control.removeAttribute("aria-invalid");
    else this.control.setAttribute("aria-invalid", "true");
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    this.helpButton.setAttribute("aria-expanded", String(!this.help.hidden));
  }
}

function inWords({ kind, original, choices, unit }) {
  if (kind === "switch") return original ? "on" : "off";
  if (kind === "choice") return choices.find((choice) => choice.value === original)?.label ?? String(original);
  return `${original}${unit ? (unit === "°" ? unit : ` ${unit}`) : ""}`;
}

// A field's value in a few characters, for the line that stands for a folded group.
export function shortly(field) {
  if (field.kind === "switch") return field.value ? field.on : field.off;
  if (field.kind === "choice") return field.choices.find((choice) => choice.value === field.value)?.label ?? "";
  return `${field.label.toLowerCase()} ${field.value}${field.unit === "°" ? field.unit : ""}`;
}
