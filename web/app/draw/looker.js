// Asks the network: one question under way at a time, and of those that wait only the newest.

import { get, postBytes } from "../api.js";

export class Looker {
  constructor({ answered, refused }) {
    this.answered = answered;
    this.refused = refused;
    this.waiting = null;
    this.isBusy = false;
    this.age = 0;
  }

  look(model, subject) {
    this.waiting = { model, subject, age: this.age };
    if (!this.isBusy) this.work();
  }

  // Whatever is still to come is about something that is gone.
  forget() {
    this.age += 1;
    this.waiting = null;
  }

  async work() {
    this.isBusy = true;
    while (this.waiting) {
      const { model, subject, age } = this.waiting;
      this.waiting = null;
      try {
        const began = performance.now();
        const found = await ask(model, subject);
        found.waited = performance.now() - began;
        if (age === this.age) this.answered(found, subject);
      } catch (error) {
        if (age === this.age) this.refused(error, subject);
      }
    }
    this.isBusy = false;
  }
}

async function ask(model, subject) {
  const path = `/api/models/${encodeURIComponent(model)}`;
  if (subject.kind === "image") {
    const found = await get(`${path}/images/${subject.index}`);
    subject.ground.label = found.label;
    if (!subject.ground.pixels) subject.setPixels(found.seen);
    return found;
  }
  const blob = await subject.bytes();
  return postBytes(`${path}/look`, blob, blob.type || "image/png");
}
