// Asks the server what a draft would be, not more often than needed; the newest question wins.

import { post } from "../api.js";

const PAUSE_WHILE_TYPING = 300;

export class Planner {
  constructor(draft, { planned, refused }) {
    Object.assign(this, { draft, planned, refused, timer: null, request: null });
    draft.listen((what) => this.ask(what === "typed" ? PAUSE_WHILE_TYPING : 0));
  }

  ask(pause = 0) {
    clearTimeout(this.timer);
    this.request?.abort();
    this.timer = setTimeout(() => this.fetch(), pause);
  }

  async fetch() {
    if (this.draft.recipe === null) return;
    const request = new AbortController();
    this.request = request;
    try {
      const plan = await post("/api/plan", this.draft.order, { signal: request.signal });
      if (request.signal.aborted || this.draft.takeUp(plan.fields)) return;
      this.planned(plan);
    } catch (error) {
      if (error.name !== "AbortError" && !request.signal.aborted) this.refused(error);
    }
  }
}
