// What every layer makes of the digit: its feature maps, side by side on one canvas a layer.

import { element } from "../../worksheet/elements.js";
import { bytesOf, pixels, signedColours, whenColoursChange } from "./colours.js";

// About so large is a map, in CSS pixels, by the size that is chosen; small maps are enlarged in whole steps.
const SIDES = { 1: 28, 2: 56, 3: 84, 4: 112 };
const SMALLEST_CELL = 12;
const GAP = 4;
const KEPT_AS = "longhand draw size";

export class Layers {
  constructor(list) {
    this.list = list;
    this.rows = [];
    this.form = "";
    this.scratch = document.createElement("canvas");
    this.slider = document.getElementById("size");
    this.slider.value = remembered() ?? this.slider.value;
    this.slider.addEventListener("input", () => {
      remember(this.slider.value);
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(list);
    whenColoursChange(() => {
      drawLegend();
      this.draw();
    });
    drawLegend();
  }

  get width() {
    return this.list.clientWidth;
  }

  // The places stay, blank, so that the page does not jump.
  clear() {
    this.layers = this.layers?.map((layer) => ({ ...layer, low: null, high: null, values: null })) ?? null;
    this.draw();
  }

  // Another network has other layers.
  forget() {
    this.layers = null;
    this.form = "";
    this.rows = [];
    this.list.replaceChildren();
    this.setEmpty(true);
  }

  setEmpty(isEmpty) {
    document.getElementById("layers-empty").hidden = !isEmpty;
    document.querySelector(".size").hidden = isEmpty;
  }

  show(layers) {
    this.layers = layers;
    const form = layers.map(({ name, shape }) => `${name} ${shape}`).join("\n");
    if (form !== this.form) {
      this.form = form;
      this.rows = layers.map(makeRow);
      this.list.replaceChildren(...this.rows.map(({ line }) => line));
      this.setEmpty(false);
    }
    this.draw();
  }

  draw() {
    if (!this.layers || this.width === 0) return;
    const colours = signedColours();
    this.layers.forEach((layer, place) => this.drawLayer(layer, this.rows[place], colours));
  }

  drawLayer({ shape: [channels, rows, columns], low, high, values }, { canvas, range }, colours) {
    const side = SIDES[this.slider.value];
    const scale = rows === 1 && columns === 1 ? Math.max(SMALLEST_CELL, side / 4) : Math.max(1, Math.round(side / Math.max(rows, columns)));
    const [across, down] = [columns * scale, rows * scale];
    // As many lines as it takes, all about as long.
    const most = Math.max(1, Math.floor((this.width + GAP) / (across + GAP)));
    const lines = Math.ceil(channels / most);
    const inARow = Math.ceil(channels / lines);
    const density = Math.max(1, Math.round(devicePixelRatio));
    sized(canvas, inARow * (across + GAP) - GAP, lines * (down + GAP) - GAP, density);

    // All maps below one another, then each to its place.
    const bytes = values === null ? new Uint8Array(channels * rows * columns).fill(128) : bytesOf(values);
    if (this.scratch.width !== columns || this.scratch.height !== channels * rows) {
      this.scratch.width = columns;
      this.scratch.height = channels * rows;
    }
    this.scratch.getContext("2d", { willReadFrequently: true }).putImageData(pixels(bytes, columns, colours), 0, 0);
    const context = canvas.getContext("2d");
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = false;
    for (let channel = 0; channel < channels; channel += 1) {
      const x = (channel % inARow) * (across + GAP);
      const y = Math.floor(channel / inARow) * (down + GAP);
      context.drawImage(this.scratch, 0, channel * rows, columns, rows, x, y, across, down);
    }
    const isKnown = Number.isFinite(low) && Number.isFinite(high);
    const words = values === null ? "" : isKnown ? `${amount(low)} to ${amount(high)}` : "not all numbers";
    if (range.textContent !== words) range.textContent = words;
  }
}

function makeRow({ name, shape: [shown, rows, columns], channels = shown }, place) {
  const canvas = element("canvas", { role: "img", "aria-label": `The maps of layer ${place + 1}, ${name}` });
  const range = element("span", { class: "range" });
  const whole = rows === 1 && columns === 1 ? `${channels} values` : `${channels} × ${rows} × ${columns}`;
  const shape = shown < channels ? `${whole}, the first ${shown} shown` : whole;
  const head = element("p", { class: "layer-head" },
    element("span", { class: "number" }, String(place + 1)),
    element("span", { class: "layer-name" }, name),
    element("span", { class: "shape" }, shape),
    range);
  return { line: element("li", {}, head, canvas), canvas, range };
}

function sized(canvas, width, height, density) {
  const [wide, high] = [width * density, height * density];
  if (canvas.width === wide && canvas.height === high) return;
  canvas.width = wide;
  canvas.height = high;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}

function amount(value) {
  const size = Math.abs(value);
  const digits = size === 0 ? "0" : size >= 100 ? size.toFixed(0) : size.toPrecision(2);
  return `${value < 0 ? "−" : ""}${digits}`;
}

function drawLegend() {
  const canvas = document.getElementById("legend");
  const bytes = Uint8Array.from({ length: canvas.width }, (_, place) => Math.round((255 * place) / (canvas.width - 1)));
  canvas.getContext("2d").putImageData(pixels(bytes, canvas.width, signedColours()), 0, 0);
}

function remembered() {
  try {
    const size = localStorage.getItem(KEPT_AS);
    return size in SIDES ? size : null;
  } catch {
    return null;
  }
}

function remember(size) {
  try {
    localStorage.setItem(KEPT_AS, size);
  } catch {
    // Some browsers keep nothing; then the size is as usual next time.
  }
}
