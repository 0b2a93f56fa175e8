// The curves of the chosen runs, in one picture that the server draws.

import { getText } from "../api.js";
import { element, fragment } from "../../worksheet/elements.js";
import { counted } from "../train/words.js";

export const MOST = 12;
const PAUSE = 250;

export class Compare {
  constructor({ section, curves, bar }, view) {
    Object.assign(this, { section, curves, view, bar, timer: null, request: null, drawn: null });
    this.words = element("span", { role: "status" });
    const toCurves = element("a", { href: "#compare" }, "See their curves");
    const clear = element("button", { type: "button", onclick: () => this.clear() }, "Choose none");
    bar.replaceChildren(this.words, toCurves, clear);
  }

  // The runs may have gone on: what is drawn is drawn anew.
  forget() {
    this.drawn = null;
  }

  // `ids`: the chosen runs that exist, in the table's order.
  show(ids) {
    const drawnIds = ids.slice(0, MOST);
    this.bar.hidden = this.section.hidden = ids.length === 0;
    const more = ids.length > MOST ? `; the first ${MOST} are drawn` : "";
    this.words.textContent = `${counted(ids.length, "run")} chosen${more}.`;
    clearTimeout(this.timer);
    if (ids.length === 0) return;
    const wanted = drawnIds.join(",");
    if (wanted !== this.drawn) this.timer = setTimeout(() => this.fetch(wanted), PAUSE);
  }

  async fetch(wanted) {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    try {
      const html = await getText(`/api/compare?ids=${wanted.split(",").map(encodeURIComponent).join(",")}`, { signal: request.signal });
      if (request.signal.aborted) return;
      const made = fragment(html);
      made.querySelector("h2")?.remove();
      this.curves.replaceChildren(made);
      this.drawn = wanted;
    } catch (error) {
      if (error.name !== "AbortError") this.curves.replaceChildren(element("p", { class: "notice", role: "alert" }, error.message));
    }
  }

  clear() {
    this.view.chooseOnly([]);
    document.getElementById("list-heading").scrollIntoView({ block: "nearest" });
    document.querySelector("#table .scroller")?.focus({ preventScroll: true });
  }
}
