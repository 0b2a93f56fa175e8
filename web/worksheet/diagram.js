// The picture of the network: numbers on every neuron and line, the chosen weight's paths lit up.

import { numberText } from "./number.js";
import { drawn, setAttribute } from "./elements.js";
import { diagramLayout, edgesBetween, labelWidth } from "./diagram_layout.js";

const DIGITS = 5;
const CORNER = 9;

export class Diagram {
  constructor(figure, model) {
    this.figure = figure;
    this.model = model;
    this.hasFocus = false;
    this.width = 0;
    model.listen((change) => this.changed(change));
    new ResizeObserver(() => this.resized()).observe(figure);
    this.resized();
  }

  resized() {
    const width = Math.max(260, Math.floor(this.figure.clientWidth));
    if (width === this.width) return;
    this.width = width;
    this.draw();
  }

  changed(change) {
    if (change === "sample") this.draw();
    else if (change === "numbers" || change === "row") this.fill();
    else this.light();
  }

  draw() {
    const { model } = this;
    const focused = this.figure.contains(document.activeElement);
    this.layout = diagramLayout(model.data, model.sample, this.width);
    const { width, height, boxes, edges, isDense } = this.layout;
    this.texts = [];
    this.choices = new Map();
    const lines = edges.map((edge) => this.drawEdge(edge));
    const labels = edges.filter((edge) => edge.label).map((edge) => this.drawLabel(edge));
    const blocks = boxes.map((box) => this.drawBox(box));
    const role = model.isReadable ? { role: "radiogroup", "aria-label": "Weights in the picture" } : { role: "img", "aria-label": "The network" };
    const size = { viewBox: `0 0 ${width} ${height}`, width, height };
    const picture = drawn("svg", { class: isDense ? "dense" : null, ...size, ...role }, lines, blocks, labels);
    picture.addEventListener("keydown", (event) => this.pressed(event));
    this.figure.replaceChildren(picture);
    this.fill();
    this.light();
    if (focused) this.choices.get(model.parameter)?.focus();
  }

  drawEdge(edge) {
    const [x1, y1] = edge.start;
    const [x2, y2] = edge.end;
    edge.line = drawn("line", { x1, y1, x2, y2, class: "line" });
    edge.group = drawn("g", { class: edge.parameter === null ? "edge" : "edge weight" }, edge.line, drawn("line", { x1, y1, x2, y2, class: "flow" }));
    if (edge.parameter !== null && this.model.isReadable) {
      edge.group.append(drawn("line", { x1, y1, x2, y2, class: "grip", onclick: () => this.choose(edge.parameter) }));
    }
    return edge.group;
  }

  drawLabel(edge) {
    const { x, y, height, crowded, kind } = edge.label;
    const { node } = this.model.data.parameters[edge.parameter];
    const text = drawn("text", { x, y: y + (kind.isSmall ? 4 : 4.5), "text-anchor": "middle" });
    edge.plate = drawn("g", { class: `label${kind.isSmall ? " small" : ""}${crowded ? " crowded" : ""}`, onclick: () => this.choose(edge.parameter) },
      drawn("rect", { y: y - height / 2, height, rx: 4 }), text);
    const plate = edge.plate.firstChild;
    this.writeNumber(text, node, kind.digits);
    this.texts.push(() => {
      const width = labelWidth(text.textContent.replaceAll("\u200b", "").length, kind);
      setAttribute(plate, "width", width);
      setAttribute(plate, "x", x - width / 2);
    });
    this.makeChoice(edge.plate, edge.parameter);
    return edge.plate;
  }

  drawBox(box) {
    const { x, y, width, height, kind, size, lines } = box;
    const left = x - width / 2;
    box.group = drawn("g", { class: `box ${kind} ${size}` }, drawn("rect", { x: left, y, width, height, rx: size === "round" ? height / 2 : CORNER }));
    const tall = size === "tall";
    let top = y + 4;
    for (const line of lines) {
      const group = drawn("g", { class: `quantity ${line.kind ?? ""}` });
      line.group = group;
      const { name, mathMl } = this.model.symbol(line.node);
      if (size === "full") {
        const label = drawn("text", { x: left + 10, y: top + 14, class: "name" }, nameSpans(mathMl));
        const value = drawn("text", { x: left + width - 10, y: top + 14, "text-anchor": "end", class: "value" });
        group.append(label, value);
        this.texts.push((values) => { value.textContent = numberText(values[line.node], DIGITS); });
      } else {
        const isNamed = tall || width >= 24;
        if (isNamed) group.append(drawn("text", { x, y: top + 13, "text-anchor": "middle", class: "name" }, nameSpans(mathMl)));
        if (tall) {
          const value = drawn("text", { x, y: top + 29, "text-anchor": "middle", class: "value" });
          group.append(value);
          this.texts.push((values) => { value.textContent = numberText(values[line.node], DIGITS); });
        }
        const title = drawn("title");
        group.append(title);
        this.texts.push((values) => { title.textContent = `${name} = ${numberText(values[line.node])}`; });
      }
      if (line.parameter !== undefined) {
        group.classList.add("pickable");
        group.addEventListener("click", () => this.choose(line.parameter));
        this.makeChoice(group, line.parameter);
      }
      box.group.append(group);
      top += tall ? 36 : 19;
    }
    return box.group;
  }

  // Makes something that stands for a weight reachable by keyboard and known to screen readers.
  makeChoice(target, parameter) {
    if (!this.model.isReadable) return;
    target.setAttribute("role", "radio");
    this.choices.set(parameter, target);
    const { node } = this.model.data.parameters[parameter];
    this.texts.push((values) => target.setAttribute("aria-label", `${this.model.symbol(node).unicode} = ${numberText(values[node], DIGITS)}`));
  }

  // Name and value in one line of text.
  writeNumber(text, node, digits) {
    const value = drawn("tspan", { class: "value", dx: 5 });
    text.append(...nameSpans(this.model.symbol(node).mathMl), value);
    this.texts.push((values) => { value.textContent = numberText(values[node], digits); });
  }

  choose(parameter) {
    if (!this.model.isReadable) return;
    this.model.setParameter(parameter);
    this.choices.get(parameter)?.focus({ preventScroll: true });
  }

  pressed(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const count = this.model.data.parameters.length;
    if (!step || !this.model.isReadable || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.choose((this.model.parameter + step + count) % count);
  }

  fill() {
    const values = this.model.values();
    for (const write of this.texts) write(values);
    for (const edge of this.layout.edges) {
      if (edge.parameter === null) continue;
      const size = Math.abs(values[this.model.data.parameters[edge.parameter].node]);
      setAttribute(edge.line, "stroke-width", (0.8 + (2.6 * size) / (0.6 + size)).toFixed(2));
    }
  }

  light() {
    const { model } = this;
    const chain = model.chain();
    const lit = new Set();
    const strong = new Set();
    const touched = new Set();
    for (const [place, path] of (chain?.paths ?? []).entries()) {
      if (model.path !== null && model.path !== place) continue;
      for (const factor of path.factors) {
        for (const { upper, lower } of edgesBetween(this.layout.edges, model.data.factors[factor])) {
          lit.add(`${upper} ${lower}`);
          touched.add(upper).add(lower);
          if (model.factor === factor) strong.add(upper).add(lower);
        }
      }
    }
    const chosen = chain?.by;
    for (const { group, plate, lower, upper, parameter } of this.layout.edges) {
      const node = parameter === null ? null : model.data.parameters[parameter].node;
      const isChosen = node !== null && node === chosen;
      const isLit = lit.has(`${upper} ${lower}`) || (isChosen && touched.has(node) && lit.has(`${upper} ${node}`));
      const isStrong = strong.has(upper) && (strong.has(lower) || (node !== null && strong.has(node)));
      group.classList.toggle("lit", isLit);
      group.classList.toggle("strong", isLit && isStrong);
      for (const target of [group, plate]) {
        target?.classList.toggle("chosen", isChosen);
      }
    }
    const vanishing = new Set(chain?.vanishing ?? []);
    for (const box of this.layout.boxes) {
      box.group.classList.toggle("lit", box.quantities.some((quantity) => touched.has(quantity) && quantity !== undefined));
      box.group.classList.toggle("vanishing", box.quantities.some((quantity) => vanishing.has(quantity)));
      for (const { group, node, parameter } of box.lines) {
        group?.classList.toggle("lit", touched.has(node));
        group?.classList.toggle("strong", strong.has(node));
        if (parameter !== undefined) group.classList.toggle("chosen", node === chosen);
      }
    }
    for (const [parameter, target] of this.choices) {
      setAttribute(target, "aria-checked", parameter === model.parameter);
      setAttribute(target, "tabindex", parameter === model.parameter ? 0 : -1);
    }
  }
}

// A name as pieces of SVG text: letters, then what stands below, then what stands above.
export function nameSpans(mathMl) {
  const template = document.createElement("template");
  template.innerHTML = `<math>${mathMl}</math>`;
  const top = template.content.firstChild.firstChild;
  const isPlain = top.localName === "mi";
  const parts = isPlain ? [top] : [...top.children];
  const base = parts[0].textContent;
  const spans = [drawn("tspan", { class: base.length === 1 ? "letter" : null }, base)];
  const levels = { msub: [4], msup: [-5], msubsup: [4, -5] }[top.localName] ?? [];
  let shift = 0;
  levels.forEach((level, place) => {
    spans.push(drawn("tspan", { class: "index", dy: level - shift }, parts[place + 1].textContent));
    shift = level;
  });
  if (shift !== 0) spans.push(drawn("tspan", { dy: -shift }, "\u200b"));
  return spans;
}

// A sentence for the figure's foot.
export function diagramHint(model) {
  const { data } = model;
  if (model.isReadable) return "Pick a weight: click its line, or use the arrow keys.";
  const { readable_weights: weights, readable_paths: paths } = data;
  const limits = `more than ${weights} weights, or more than ${paths} paths to one of them`;
  return `This network is too large for its derivation to be read (${limits}), so no weight can be picked. `
    + "The table and the curves are complete.";
}
