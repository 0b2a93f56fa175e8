// The evaluator of the expression graph. It knows what each operation does with its operands, and nothing about
// networks: which quantities there are, and what they mean, comes with the data.

const OPERATIONS = {
  identity: (x) => x,
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  negate: (x) => -x,
  power: (x, y, exponent) => wholePower(x, exponent),
  square_root: (x) => Math.sqrt(x),
  exp: (x) => Math.exp(x),
  ln: (x) => Math.log(x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: (x) => Math.tanh(x),
  // NaN is passed on by the next three, so that it cannot hide.
  relu: (x) => (x <= 0 ? 0 : x),
  step: (x) => (Number.isNaN(x) ? x : Number(x > 0)),
  maximum: (x, y) => (y > x || Number.isNaN(y) ? y : x),
};

function wholePower(x, exponent) {
  let result = 1;
  let square = x;
  for (let left = Math.abs(exponent); left > 0; left >>= 1) {
    if (left & 1) result *= square;
    square *= square;
  }
  return exponent < 0 ? 1 / result : result;
}

// The largest operand is taken off every one, which changes no quotient and lets no exponential overflow.
function softmax(operands, index, values) {
  let largest = -Infinity;
  for (const operand of operands) largest = OPERATIONS.maximum(largest, values[operand]);
  let total = 0;
  for (const operand of operands) total += Math.exp(values[operand] - largest);
  return Math.exp(values[operands[index]] - largest) / total;
}

export class Graph {
  constructor(operations, nodes) {
    this.size = nodes.length;
    this.nodes = nodes.map(([operation, number, ...operands], place) => {
      const name = operations[operation];
      const apply = OPERATIONS[name];
      if (!apply && !["constant", "variable", "softmax"].includes(name)) throw new Error(`unknown operation ${name}`);
      return { place, name, apply, number, operands, x: operands[0], y: operands[operands.length - 1] };
    });
    this.everything = this.nodes.filter((node) => node.name !== "variable");
  }

  // The nodes that must be evaluated, in order, to know these.
  neededFor(places) {
    const needed = new Uint8Array(this.size);
    for (const place of places) needed[place] = 1;
    for (let place = this.size - 1; place >= 0; place -= 1) {
      if (needed[place]) for (const operand of this.nodes[place].operands) needed[operand] = 1;
    }
    return this.everything.filter((node) => needed[node.place]);
  }

  // Writes the value of each of these nodes into `values`, which holds the variables.
  evaluate(values, nodes = this.everything) {
    for (const node of nodes) {
      if (node.apply) values[node.place] = node.apply(values[node.x], values[node.y], node.number);
      else if (node.name === "constant") values[node.place] = node.number;
      else values[node.place] = softmax(node.operands, node.number, values);
    }
  }
}
