// When the runs were read, and the way to read them again: runs go on while the page is open. They are read again by themselves
// when the page comes back into view.

import { element } from "../../worksheet/elements.js";

// Who only looks aside for a moment finds the page as it was.
const FRESH_FOR = 3000;

export class Reading {
  // `read()` reads the runs; what it throws is said here, and what was read before stays. `say` announces.
  constructor(place, read, say) {
    Object.assign(this, { place, read, say, last: 0, isBusy: false });
    this.words = element("span");
    this.again = element("button", { type: "button", class: "link", "data-name": "again", onclick: () => this.take(true) }, "read again");
    place.replaceChildren(this.words, " · ", this.again);
    document.addEventListener("visibilitychange", () => this.seen());
    addEventListener("pageshow", (event) => event.persisted && this.seen());
  }

  seen() {
    if (!document.hidden && Date.now() - this.last > FRESH_FOR) this.take();
  }

  async take(isAsked = false) {
    if (this.isBusy) return;
    this.isBusy = true;
    this.again.setAttribute("aria-disabled", "true");
    try {
      await this.read();
      this.words.textContent = `Read at ${clock()}`;
      if (isAsked) this.say(this.words.textContent);
    } catch (error) {
      this.words.textContent = `Not read at ${clock()}: ${error.message}`;
      this.say(this.words.textContent);
    }
    this.last = Date.now();
    this.isBusy = false;
    this.again.removeAttribute("aria-disabled");
    this.place.hidden = false;
  }
}

function clock() {
  return new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
