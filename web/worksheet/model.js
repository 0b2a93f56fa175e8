// The state of the page: the numbers given, the training that follows from them, what is looked at.

import { Graph } from "./graph.js";

// The most numbers of a trajectory that are kept; of longer ones only every so many rows are, and the rest is
// trained again from there.
const KEPT_NUMBERS = 4_000_000;

export class Model {
  constructor(data) {
    this.data = data;
    this.graph = new Graph(data.operations, data.nodes);
    this.symbols = new Map(data.symbols.map(([node, name, unicode, mathMl]) => [node, { name, unicode, mathMl }]));
    this.original = new Map(data.variables);
    this.given = new Map(data.variables);
    this.parameterNodes = data.parameters.map((parameter) => parameter.node);
    this.isReadable = data.sections !== null;
    this.chains = new Map();
    this.updates = new Map();
    for (const section of data.sections ?? []) {
      for (const step of section.steps) {
        if (step.chain) this.chains.set(step.chain.by, { ...step.chain, explanation: step.explanation });
        if (section.topic === "update") this.updates.set(step.quantity, step.formula);
      }
    }
    this.needed = this.graph.neededFor([
      ...data.columns.map(([node]) => node),
      ...data.parameters.map((parameter) => parameter.updated),
      data.total_error,
    ]);
    this.row = 1;
    this.sample = 0;
    this.parameter = this.isReadable ? 0 : null;
    this.path = null;
    this.factor = null;
    this.listeners = [];
    this.train();
  }

  get rate() {
    return this.given.get(this.data.learning_rate);
  }

  get rows() {
    return this.current.errors.length;
  }

  get isChanged() {
    return [...this.given].some(([node, value]) => node !== this.data.learning_rate && value !== this.original.get(node));
  }

  symbol(node) {
    return this.symbols.get(node);
  }

  // Calls `listener` with what changed: "numbers", "row", "weight", "light" or "sample".
  listen(listener) {
    this.listeners.push(listener);
  }

  announce(change) {
    for (const listener of this.listeners) listener(change);
  }

  setNumber(node, value) {
    if (this.given.get(node) === value) return;
    this.given.set(node, value);
    this.train();
    this.announce("numbers");
  }

  reset() {
    const rate = this.rate;
    this.given = new Map(this.original);
    this.given.set(this.data.learning_rate, rate);
    this.train();
    this.announce("numbers");
  }

  setRow(row) {
    const next = Math.min(Math.max(Math.round(row), 1), this.rows);
    if (next === this.row) return;
    this.row = next;
    this.announce("row");
  }

  setSample(sample) {
    if (sample === this.sample) return;
    this.sample = sample;
    this.announce("sample");
  }

  setParameter(parameter) {
    if (parameter === this.parameter) return;
    [this.parameter, this.path, this.factor] = [parameter, null, null];
    this.announce("weight");
  }

  // Which path of the chosen weight is lit (null: all of them), and which of its factors most of all.
  light(path, factor = null) {
    if (path === this.path && factor === this.factor) return;
    [this.path, this.factor] = [path, factor];
    const sample = path === null ? null : this.sampleOf(this.chain().paths[path]);
    if (sample !== null) this.setSample(sample);
    this.announce("light");
  }

  chain() {
    return this.parameter === null ? undefined : this.chains.get(this.parameterNodes[this.parameter]);
  }

  // The quantities that a path passes, the error first.
  quantitiesOf(path) {
    const factors = path.factors.map((place) => this.data.factors[place]);
    return [factors[0].upper, ...factors.map((factor) => factor.lower)];
  }

  // The sample that a path runs through, or null where there is only one.
  sampleOf(path) {
    if (this.data.samples.length === 1) return null;
    const quantities = this.quantitiesOf(path);
    const found = this.data.samples.findIndex(({ layers }) => layers[layers.length - 1].some(({ net }) => quantities.includes(net)));
    return found < 0 ? null : found;
  }

  // Trains at the current rate, keeping the parameters of the rows, and at every listed rate, keeping the errors.
  train() {
    this.current = this.run(this.rate, true);
    this.row = Math.min(this.row, this.rows);
    const rates = [...new Set([...this.data.spec.learning_rates, this.rate])].sort((a, b) => a - b);
    this.runs = rates.map((rate) => (rate === this.rate ? this.current : this.run(rate, false)));
  }

  run(rate, keep) {
    const { parameters, columns, total_error: totalError, spec } = this.data;
    const values = this.variables();
    values[this.data.learning_rate] = rate;
    const stride = Math.max(1, Math.ceil((spec.rows * parameters.length) / KEPT_NUMBERS));
    const kept = [];
    const errors = [];
    let overflow = null;
    for (let row = 1; row <= spec.rows; row += 1) {
      if (keep && (row - 1) % stride === 0) kept.push(Float64Array.from(this.parameterNodes, (node) => values[node]));
      this.graph.evaluate(values, this.needed);
      errors.push(values[totalError]);
      const bad = columns.find(([node]) => !Number.isFinite(values[node]));
      if (bad) {
        overflow = { row, node: bad[0] };
        break;
      }
      const updated = parameters.map((parameter) => values[parameter.updated]);
      this.parameterNodes.forEach((node, place) => { values[node] = updated[place]; });
    }
    return { rate, errors, overflow, kept, stride };
  }

  variables() {
    const values = new Float64Array(this.graph.size);
    for (const [node, value] of this.given) values[node] = value;
    return values;
  }

  // The value of every node in a row.
  valuesInRow(row) {
    const { kept, stride } = this.current;
    const values = this.variables();
    const before = Math.floor((row - 1) / stride);
    this.parameterNodes.forEach((node, place) => { values[node] = kept[before][place]; });
    for (let next = before * stride + 1; next < row; next += 1) {
      this.graph.evaluate(values, this.needed);
      const updated = this.data.parameters.map((parameter) => values[parameter.updated]);
      this.parameterNodes.forEach((node, place) => { values[node] = updated[place]; });
    }
    this.graph.evaluate(values);
    return values;
  }

  // The value of every node in the current row.
  values() {
    if (this.cached?.run !== this.current || this.cached.row !== this.row) {
      this.cached = { run: this.current, row: this.row, values: this.valuesInRow(this.row) };
    }
    return this.cached.values;
  }
}
