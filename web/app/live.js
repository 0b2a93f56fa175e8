// The server's stream of events: what the queue, the data and one job do. It takes itself up again after an interruption,
// and rests while nobody looks, since a browser allows only a few connections to a host for all its tabs together.

import { refusal } from "./api.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15000;
const LOST = "The connection to the server was lost.";
const KINDS = ["begun", "point", "epoch", "ended"];

export class Live {
  // `hear(kind, data)` is called for each event, and with "unknown" when the server knows no such job; `connected(is, why)` when the stream is lost and when it is back.
  constructor(hear, connected = () => {}) {
    Object.assign(this, { hear, connected, job: null, opened: false, after: 0, source: null, pause: FIRST_PAUSE, timer: null, started: false });
    document.addEventListener("visibilitychange", () => this.resume());
    window.addEventListener("pageshow", () => this.resume());
    window.addEventListener("pagehide", () => this.close());
  }

  // Follows this job from its begin on; null follows the queue and the data alone.
  follow(job) {
    if (this.started && job === this.job) return;
    Object.assign(this, { job, after: 0, started: true, pause: FIRST_PAUSE });
    this.close();
    this.resume();
  }

  resume() {
    if (document.hidden) this.close();
    else if (this.started && !this.source) this.open();
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  open() {
    clearTimeout(this.timer);
    const query = new URLSearchParams();
    if (this.job !== null) query.set("job", this.job);
    if (this.after > 0) query.set("after", this.after);
    const source = new EventSource(`/api/events?${query}`);
    Object.assign(this, { source, opened: false });
    const on = (kind) => source.addEventListener(kind, (event) => {
      if (source !== this.source) return;
      const number = Number(event.lastEventId);
      if (KINDS.includes(kind) && number > 0) {
        if (number <= this.after) return;
        this.after = number;
      }
      this.hear(kind, JSON.parse(event.data));
    });
    ["queue", "data", ...KINDS].forEach(on);
    source.addEventListener("open", () => {
      Object.assign(this, { pause: FIRST_PAUSE, opened: true });
      this.connected(true);
    });
    // The browser's own new try would not know `after`; and after a refusal it would make none.
    source.addEventListener("error", () => {
      if (source !== this.source) return;
      const refused = !this.opened;
      this.close();
      if (refused) this.askWhy(source.url);
      else this.tryAgain(LOST);
    });
  }

  tryAgain(why) {
    this.connected(false, why);
    this.timer = setTimeout(() => this.resume(), this.pause);
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
  }

  // Is the server gone, does it no longer know the job, or are too many listening? The stream itself does not say.
  async askWhy(path) {
    const { job } = this;
    const error = await refusal(path);
    if (job !== this.job || this.source || document.hidden) return;
    if (error?.status === 404 && job !== null) this.hear("unknown", job);
    else this.tryAgain(error?.message ?? LOST);
  }
}
