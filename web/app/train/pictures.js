// A picture of the running job that the server makes, fetched again when there is news, but not in haste.

import { getText } from "../api.js";
import { fragment } from "../../worksheet/elements.js";

export class Picture {
  // `place` is filled with what `/api/jobs/ID/NAME` says; `shown(is)` tells whether there is anything.
  constructor(name, place, pause, shown) {
    Object.assign(this, { name, place, pause, shown, job: null, timer: null, request: null, last: 0, html: null });
  }

  // Another job: what was there goes.
  clear(job) {
    clearTimeout(this.timer);
    this.request?.abort();
    Object.assign(this, { job, timer: null, request: null, last: 0, html: null });
    this.place.replaceChildren();
    this.shown(false);
  }

  // There is news. One request at a time, and `pause` between them.
  refresh() {
    if (this.timer !== null || this.job === null) return;
    const wait = Math.max(60, this.last + this.pause - Date.now());
    this.timer = setTimeout(() => this.fetch(), wait);
  }

  async fetch() {
    const { job } = this;
    const request = new AbortController();
    this.request = request;
    this.last = Date.now();
    try {
      const html = await getText(`/api/jobs/${encodeURIComponent(job)}/${this.name}`, { signal: request.signal });
      if (job === this.job && html !== this.html) this.write(html);
    } catch {
      // It may not exist yet, or the server may be gone, which the stream says; the next news asks again.
    }
    if (job === this.job) this.timer = null;
  }

  write(html) {
    this.html = html;
    const made = fragment(html);
    // The room has headings of its own.
    made.querySelector("h2")?.remove();
    this.place.replaceChildren(made);
    this.shown(true);
  }
}
