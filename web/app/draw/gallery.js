// The test images that the network gets wrong, in a strip: one stop for the Tab key, arrow keys along it.

import { get } from "../api.js";
import { element, setAttribute } from "../../worksheet/elements.js";
import { drawDigit, whenColoursChange } from "./colours.js";
import { percent } from "./answer.js";
import { dataOf } from "./models.js";

// While the server is still reading the data.
export const AGAIN_AFTER = 2000;
export const STILL_LOADING = "The test images are still being loaded. They come here by themselves.";

const WHOSE = { mnist: "MNIST", strokes: "the built-in stroke digits, which are not MNIST" };

export class Gallery {
  // `chosen(image)` is called for the one that is wanted, `told(data)` once it is known whose images these are.
  constructor(strip, chosen, told) {
    Object.assign(this, { strip, chosen, told });
    this.about = document.getElementById("gallery-about");
    this.filter = document.getElementById("labelled");
    this.items = [];
    this.shown = null;
    for (let digit = 0; digit < 10; digit += 1) this.filter.append(element("option", { value: digit }, String(digit)));
    this.filter.addEventListener("change", () => this.fill());
    strip.addEventListener("keydown", (event) => this.pressed(event));
    whenColoursChange(() => this.draw());
  }

  async load(model, isAgain = false) {
    this.loading?.abort();
    clearTimeout(this.timer);
    const loading = new AbortController();
    this.loading = loading;
    if (!isAgain) {
      this.setImages([]);
      this.about.textContent = "Looking at the test images…";
    }
    try {
      const mistakes = await get(`/api/models/${encodeURIComponent(model.id)}/mistakes`, { signal: loading.signal });
      if (this.loading !== loading) return;
      this.about.textContent = summary(mistakes, model);
      this.told(mistakes.data);
      this.setImages(mistakes.images);
    } catch (error) {
      if (error.name === "AbortError" || this.loading !== loading) return;
      const words = error.status === 409 ? STILL_LOADING : error.message;
      // What is said aloud already need not be said again.
      if (this.about.textContent !== words) this.about.textContent = words;
      if (error.status === 409) this.timer = setTimeout(() => this.load(model, true), AGAIN_AFTER);
    }
  }

  setImages(images) {
    this.images = images;
    this.filter.parentElement.hidden = images.length === 0;
    this.fill();
  }

  fill() {
    const wanted = this.filter.value;
    const images = this.images.filter(({ label }) => wanted === "" || String(label) === wanted);
    this.items = images.map((image) => this.makeItem(image));
    this.strip.replaceChildren(...this.items.map(({ button }) => element("li", {}, button)));
    this.strip.hidden = this.images.length === 0;
    this.strip.scrollLeft = 0;
    if (this.images.length > 0 && images.length === 0) {
      this.strip.append(element("li", { class: "aside" }, `No ${wanted} is taken for another digit.`));
    }
    this.draw();
    this.mark(this.shown);
  }

  makeItem(image) {
    const { index, label, taken_for: taken, probability } = image;
    const words = taken === null ? "no answer" : `taken for ${taken} with ${percent(probability)}`;
    const name = `Test image ${index}: labelled ${label}, ${words}`;
    const canvas = element("canvas", { width: 28, height: 28, "aria-hidden": "true" });
    const caption = element("span", { "aria-hidden": "true" }, `${label} → ${taken ?? "?"}`);
    const attributes = { type: "button", "aria-label": name, title: name, "aria-pressed": "false" };
    const button = element("button", { ...attributes, onclick: () => this.chosen(image) }, canvas, caption);
    return { image, button, canvas };
  }

  draw() {
    for (const { image, canvas } of this.items) drawDigit(canvas, image.pixels);
  }

  // Which image lies on the paper, by its number.
  mark(index) {
    this.shown = index;
    for (const { image, button } of this.items) setAttribute(button, "aria-pressed", image.index === index);
    const at = this.items.findIndex(({ image }) => image.index === index);
    this.setStop(at < 0 ? Math.max(0, this.items.findIndex(({ button }) => button.tabIndex === 0)) : at);
  }

  setStop(stop) {
    this.items.forEach(({ button }, place) => { button.tabIndex = place === stop ? 0 : -1; });
  }

  pressed(event) {
    const from = this.items.findIndex(({ button }) => button === document.activeElement);
    const last = this.items.length - 1;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last, PageUp: from - 8, PageDown: from + 8 }[event.key];
    if (from < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const place = Math.min(Math.max(to, 0), last);
    this.setStop(place);
    this.items[place].button.focus();
  }
}

function summary({ judged, errors, images, data }, model) {
  const number = (count) => count.toLocaleString("en-GB");
  const all = `${number(judged)} test images of ${WHOSE[data] ?? data}`;
  const isOther = data !== "mnist" && dataOf(model) === "mnist" && model.accuracy !== null;
  const remark = isOther ? ` The ${(100 * model.accuracy).toFixed(2)} % above is of MNIST’s images, not of these.` : "";
  if (errors === 0) return `Not one of the ${all}.${remark}`;
  const most = images.length < errors ? `; here are the ${number(images.length)} of which it is surest` : ", the surest first";
  return `${number(errors)} of ${all}${most}: what it is, and what it is taken for.${remark}`;
}
