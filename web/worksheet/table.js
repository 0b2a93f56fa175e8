// The current row of the table and its neighbours, in groups of columns.

import { numberHtml } from "./number.js";
import { element, setAttribute } from "./elements.js";
import { nameElement } from "./formula.js";

const NEIGHBOURS = 3;
// Columns that fit side by side on paper.
const COLUMNS_OF_A_BLOCK = 8;

const GROUPS = [
  ["Weights and biases", ["parameter"]],
  ["Forward", ["net", "out"]],
  ["Errors", ["error"]],
  ["Gradients of the neurons", ["delta"]],
  ["Gradients of the weights and biases", ["gradient"]],
];

export class RowsTable {
  constructor(place, model) {
    this.model = model;
    this.place = place;
    this.blocks = [];
    for (const [name, kinds] of GROUPS) {
      const nodes = model.data.columns.filter(([, group]) => kinds.includes(group)).map(([node]) => node);
      const size = model.isReadable ? COLUMNS_OF_A_BLOCK : nodes.length;
      for (let start = 0; start < nodes.length; start += size) {
        this.addBlock(start === 0 ? name : `${name}, continued`, nodes.slice(start, start + size));
      }
    }
    const hint = element("span", { class: "on-screen" }, "Click a row to go there.");
    place.append(element("p", { class: "aside" }, "Inputs, targets and fixed biases are the same in every row. ", hint));
    model.listen((change) => {
      if (change === "numbers" || change === "row") this.show();
    });
    this.show();
  }

  addBlock(name, nodes) {
    const heading = (node) => element("th", { scope: "col", "aria-label": this.model.symbol(node).unicode }, nameElement(node, this.model));
    const head = element("tr", {}, element("th", { scope: "col" }, "row"), nodes.map(heading));
    const body = element("tbody");
    const table = element("table", {}, element("caption", {}, name), element("thead", {}, head), body);
    const region = { class: "scroller", role: "region", "aria-label": name, tabindex: 0 };
    this.place.append(element("div", region, table));
    this.blocks.push({ nodes, body });
  }

  show() {
    const { model } = this;
    const first = Math.max(1, Math.min(model.row - NEIGHBOURS, model.rows - 2 * NEIGHBOURS));
    const last = Math.min(model.rows, first + 2 * NEIGHBOURS);
    const rows = [];
    for (let row = first; row <= last; row += 1) rows.push({ row, values: row === model.row ? model.values() : model.valuesInRow(row) });
    for (const { nodes, body } of this.blocks) {
      while (body.children.length > rows.length) body.lastChild.remove();
      while (body.children.length < rows.length) body.append(this.emptyRow(nodes.length));
      rows.forEach(({ row, values }, place) => {
        const line = body.children[place];
        line.row = row;
        line.classList.toggle("current", row === model.row);
        setAttribute(line, "aria-current", row === model.row ? "true" : null);
        line.firstChild.textContent = row;
        nodes.forEach((node, column) => { line.children[column + 1].innerHTML = numberHtml(values[node]); });
      });
    }
  }

  emptyRow(columns) {
    const line = element("tr", {}, element("th", { scope: "row" }), Array.from({ length: columns }, () => element("td")));
    line.addEventListener("click", () => this.model.setRow(line.row));
    return line;
  }
}
