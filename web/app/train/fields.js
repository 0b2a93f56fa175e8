// The fields of a plan: the common few in front, the others folded into their groups.

import { element } from "../../worksheet/elements.js";
import { FieldView, shortly } from "./field.js";
import { counted } from "./words.js";

const COMMON = ["epochs", "batch_size", "schedule.learning_rate", "seed"];

export class Fields {
  constructor(draft) {
    this.draft = draft;
    this.views = new Map();
    this.groups = new Map();
    this.common = element("div", { class: "common" });
    this.folded = element("div", { class: "groups" });
    this.allBack = element("button", { type: "button", class: "quiet", onclick: () => this.putAllBack() }, "put all back");
    this.changes = element("p", { class: "changes hint", hidden: true });
    draft.listen(() => this.countChanges());
  }

  update(plan) {
    const fields = plan.fields.filter((field) => field.kind !== "layers");
    const known = new Set(fields.map((field) => `${field.key} ${field.kind}`));
    for (const [key, view] of this.views) {
      if (known.has(key)) continue;
      view.node.remove();
      this.views.delete(key);
    }
    const nodes = new Map(fields.map((field) => [field.key, this.view(field).node]));
    place(this.common, COMMON.filter((key) => nodes.has(key)).map((key) => nodes.get(key)));
    const others = fields.filter((field) => !COMMON.includes(field.key));
    const names = new Set(others.map((field) => field.group));
    const groups = plan.groups.filter((group) => names.has(group.name));
    place(this.folded, groups.map((group) => this.group(group, others.filter((field) => field.group === group.name), nodes)));
    this.countChanges();
  }

  // The view of a field, made once, so that typing goes on undisturbed.
  view(field) {
    const key = `${field.key} ${field.kind}`;
    const known = this.views.get(key);
    if (known) known.update(field);
    else this.views.set(key, new FieldView(field, this.draft));
    return this.views.get(key);
  }

  group({ name, title, help }, fields, nodes) {
    if (!this.groups.has(name)) {
      const values = element("span", { class: "values" });
      const body = element("div", { class: "body" });
      const words = help ? element("p", { class: "hint" }, help) : null;
      const details = element("details", { class: "group" }, element("summary", {}, element("span", { class: "name" }, title), values), words, body);
      this.groups.set(name, { details, values, body });
    }
    const { details, values, body } = this.groups.get(name);
    values.textContent = fields.map(shortly).join(", ");
    values.classList.toggle("changed", fields.some((field) => this.draft.changes.has(field.key)));
    place(body, fields.map((field) => nodes.get(field.key)));
    return details;
  }

  // The button goes with the changes; whoever pressed it goes on at the first field.
  putAllBack() {
    this.draft.putAllBack();
    // The field that gets the focus counts as one that is being typed in, and is left alone by the next plan.
    for (const view of this.views.values()) view.restore();
    this.common.querySelector("input")?.focus();
  }

  countChanges() {
    const count = this.draft.changes.size;
    this.changes.hidden = count === 0;
    if (count > 0) this.changes.replaceChildren(`${counted(count, "change")} to the recipe. `, this.allBack);
  }

  // Shows an error at its field; false where there is no such field.
  refuse(key, message) {
    const view = [...this.views.values()].find(({ field }) => field.key === key);
    if (!view) return false;
    view.node.closest("details")?.setAttribute("open", "");
    view.showError(message);
    return true;
  }

  forgive() {
    for (const view of this.views.values()) view.showError(null);
  }
}

// Puts these children in this order, moving as few as need be: a moved element loses the focus.
function place(parent, wanted) {
  for (const child of [...parent.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}
