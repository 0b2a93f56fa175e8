// The numbers that were changed in the worksheet, as a query: kept in the address, so that a reload loses nothing and
// the address is a link to exactly this worksheet, and carried by the downloads.

import { keepRoom, placeLeft } from "../rooms.js";

// Browsers refuse an address that changes many times a second.
const PAUSE = 400;

export class Numbers {
  constructor(model) {
    this.model = model;
    // Of a network that was refused the page shows nothing.
    this.loaded = new URLSearchParams(isRefused() ? "" : location.search);
    this.isChangedSince = false;
    this.listeners = [];
    this.takeUp();
    model.listen((change) => {
      if (change === "numbers" || change === "row") this.later();
    });
    addEventListener("pagehide", () => {
      if (this.isChangedSince) this.write();
    });
  }

  // Calls `listener` once now and whenever the numbers have changed.
  listen(listener) {
    this.listeners.push(listener);
    listener();
  }

  // Row and rate are no part of the network: they stay with this entry of the history, and with the room when it is left.
  takeUp() {
    const { model } = this;
    const { rate, row } = history.state?.worksheet ?? placeLeft() ?? {};
    if (Number.isFinite(rate) && rate > 0) model.setNumber(model.data.learning_rate, rate);
    if (Number.isFinite(row)) model.setRow(row);
    if (!isRefused()) keepRoom(this.place);
  }

  later() {
    clearTimeout(this.timer);
    this.isChangedSince = true;
    this.timer = setTimeout(() => this.write(), PAUSE);
    for (const listener of this.listeners) listener();
  }

  write() {
    clearTimeout(this.timer);
    const query = readable(this.query());
    const state = { ...history.state, worksheet: this.place };
    history.replaceState(state, "", query === "" ? location.pathname : `?${query}`);
    keepRoom(this.place);
  }

  get place() {
    return { rate: this.model.rate, row: this.model.row };
  }

  // The query that gives this network with these numbers. What was not changed stays as it was, given or left out.
  query() {
    const { model } = this;
    const query = new URLSearchParams(this.loaded);
    const { samples, parameters, fixed_biases: fixed } = model.data;
    const ofKind = (name) => parameters.filter(({ role }) => role.kind === name).map(({ node }) => node);
    this.put(query, "weights", ofKind("weight"));
    this.put(query, "bias_values", fixed.length > 0 ? fixed.map(({ node }) => node) : ofKind("bias"));
    if (samples.length === 1) {
      const [{ inputs, targets }] = samples;
      // The address may give the one sample either way, but not both ways at once.
      if (query.has("sample") && this.isChanged([...inputs, ...targets])) {
        query.delete("sample");
        query.set("inputs", this.text(inputs));
        query.set("targets", this.text(targets));
      }
      this.put(query, "inputs", inputs);
      this.put(query, "targets", targets);
    } else if (this.isChanged(samples.flatMap(({ inputs, targets }) => [...inputs, ...targets]))) {
      query.delete("sample");
      for (const { inputs, targets } of samples) query.append("sample", `${this.text(inputs)}:${this.text(targets)}`);
    }
    return query;
  }

  // The same, with the learning rate that is looked at among the listed ones.
  queryWithRate() {
    const { model } = this;
    const query = this.query();
    const listed = model.data.spec.learning_rates;
    if (!listed.includes(model.rate)) query.set("learning_rates", [...listed, model.rate].join(","));
    return query;
  }

  put(query, name, nodes) {
    if (this.isChanged(nodes)) query.set(name, this.text(nodes));
  }

  isChanged(nodes) {
    return nodes.some((node) => this.model.given.get(node) !== this.model.original.get(node));
  }

  text(nodes) {
    return nodes.map((node) => String(this.model.given.get(node))).join(",");
  }
}

// Whether the server could not work out the network in the address.
export function isRefused() {
  return document.querySelector("#room > .notice[role='alert']") !== null;
}

// Commas and colons need no code in an address.
export function readable(query) {
  return query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}
