// Where everything stands in the picture of the network: the error at the top, the inputs at the bottom, a row of boxes
// for each layer between them.

const NARROW_GAP = 40; // between outputs, errors and their sum
const LINE = 19;
const PADDING = 8;
// How weights are labelled: in type of this size, which takes so much room; the longest label has so many characters.
const LARGE = { isSmall: false, height: 18, character: 6.9, margin: 16, longest: 11, digits: 5 };
const SMALL = { isSmall: true, height: 15, character: 5.8, margin: 8, longest: 11, digits: 5 };
const SHORT = { ...SMALL, longest: 9, digits: 3 };
// What is tried until every weight has a label: kinds of label, and how far apart layers stand with weights between them.
const TRIES = [[LARGE, 96], [LARGE, 120], [SMALL, 96], [SMALL, 120], [SMALL, 144], [SHORT, 120], [SHORT, 152], [SHORT, 192], [SHORT, 240]];
// Along a line, the best first. With few labels a few places, well apart, look best; many labels need any there are.
const FEW_PLACES = [0.5, 0.27, 0.73, 0.34, 0.66, 0.2, 0.8, 0.42, 0.58];
const ALL_PLACES = [0.5];
for (let away = 0.04; away < 0.45; away += 0.04) ALL_PLACES.push(0.5 - away, 0.5 + away);

// Boxes, lines between them and labels, for one sample, in a picture of this width. Where neurons stand so close that
// only their names fit, weights have no labels; elsewhere labels get smaller and layers move apart until each has one.
export function diagramLayout(data, sample, width) {
  let best = layoutWith(data, sample, width, ...TRIES[0], FEW_PLACES);
  for (const [kind, gap] of TRIES) {
    if (best.unlabelled === 0) break;
    const layout = layoutWith(data, sample, width, kind, gap, ALL_PLACES);
    if (layout.unlabelled < best.unlabelled) best = layout;
  }
  return best;
}

function layoutWith(data, sample, width, kind, gap, shares) {
  const nodes = data.samples[sample];
  const rows = [...rowsAbove(data, nodes), ...neuronRows(data, nodes, gap), inputRow(nodes)];
  const boxes = [];
  let y = 4;
  for (const row of rows) {
    const pitch = width / row.boxes.length;
    const size = sizeFor(pitch);
    let height = 0;
    row.boxes.forEach((box, place) => {
      const lines = size === "round" ? [box.lines.find(({ kind }) => kind !== "out") ?? box.lines[0]] : box.lines;
      const boxWidth = size === "round" ? Math.min(40, pitch - 3) : Math.min(pitch - 8, size === "full" ? 136 : 88);
      const boxHeight = lines.length * (size === "tall" ? 2 * LINE - 2 : LINE) + PADDING;
      boxes.push({ ...box, size, lines, x: (place + 0.5) * pitch, y, width: boxWidth, height: boxHeight });
      height = Math.max(height, boxHeight);
    });
    y += height + row.gap;
  }
  const last = rows[rows.length - 1];
  const height = y - last.gap + 4;
  const boxOf = new Map(boxes.flatMap((box) => box.quantities.map((quantity) => [quantity, box])));
  const edges = edgesOf(data, nodes, boxOf);
  const isDense = boxes.some(({ size }) => size === "round");
  const unlabelled = isDense ? 0 : labelEdges(edges, boxes, kind, shares);
  return { isDense, width, height, boxes, edges, boxOf, unlabelled };
}

function sizeFor(pitch) {
  if (pitch >= 132) return "full";
  return pitch >= 76 ? "tall" : "round";
}

function box(kind, lines) {
  return { kind, lines, quantities: lines.map((line) => line.node) };
}

// E_total, the sum over the sample where there are several, and the errors of the outputs.
function rowsAbove(data, nodes) {
  const rows = [{ gap: NARROW_GAP, boxes: [box("error", [{ node: data.total_error }])] }];
  if (nodes.error !== data.total_error) rows.push({ gap: NARROW_GAP, boxes: [box("error", [{ node: nodes.error }])] });
  const errors = nodes.errors.map((error, place) => box("error", [{ node: error }, { node: nodes.targets[place], kind: "target" }]));
  rows.push({ gap: NARROW_GAP, boxes: errors });
  return rows;
}

// The layers from the last to the first. Softmax stands above the sums that it shares among.
function neuronRows(data, nodes, gap) {
  const rows = [];
  const isSoftmax = data.spec.loss === "softmax_cross_entropy";
  nodes.layers.forEach((neurons, layer) => {
    const isSplit = isSoftmax && layer === nodes.layers.length - 1;
    const boxes = neurons.map((neuron, to) => {
      const bias = biasOf(data, layer, to);
      const lines = isSplit ? [{ node: neuron.net }] : [{ node: neuron.out, kind: "out" }, { node: neuron.net }];
      return box("neuron", bias ? [...lines, bias] : lines);
    });
    rows.unshift({ gap, boxes });
    if (isSplit) rows.unshift({ gap: NARROW_GAP + 16, boxes: neurons.map((neuron) => box("neuron", [{ node: neuron.out, kind: "out" }])) });
  });
  return rows;
}

function biasOf(data, layer, to) {
  const trained = data.parameters.findIndex(({ role }) => role.kind === "bias" && role.layer === layer && role.to === to);
  if (trained >= 0) return { node: data.parameters[trained].node, kind: "bias", parameter: trained };
  const fixed = data.fixed_biases.find((bias) => bias.layer === layer);
  return fixed ? { node: fixed.node, kind: "bias" } : null;
}

function inputRow(nodes) {
  return { gap: 0, boxes: nodes.inputs.map((node) => box("input", [{ node }])) };
}

function edgesOf(data, nodes, boxOf) {
  const edges = [];
  const join = (lower, upper, parameter = null) => {
    const [below, above] = [boxOf.get(lower), boxOf.get(upper)];
    edges.push({ lower, upper, parameter, below, above, start: [below.x, below.y], end: [above.x, above.y + above.height] });
  };
  data.parameters.forEach(({ role }, place) => {
    if (role.kind !== "weight") return;
    const lower = role.layer === 0 ? nodes.inputs[role.from] : nodes.layers[role.layer - 1][role.from].out;
    join(lower, nodes.layers[role.layer][role.to].net, place);
  });
  const outputs = nodes.layers[nodes.layers.length - 1];
  if (data.spec.loss === "softmax_cross_entropy") {
    for (const { net } of outputs) for (const { out } of outputs) join(net, out);
  }
  outputs.forEach(({ out }, place) => join(out, nodes.errors[place]));
  for (const error of nodes.errors) if (error !== nodes.error) join(error, nodes.error);
  if (nodes.error !== data.total_error) join(nodes.error, data.total_error);
  return edges;
}

// What a factor passes in the picture, as pairs of quantities. Mostly that is itself; one that leaps from the error to the
// sum of an output passes every line on the ways between them.
export function edgesBetween(edges, { upper, lower }) {
  const isJoined = edges.some((edge) => edge.lower === lower && edge.upper === upper);
  const between = isJoined ? [] : waysUp(edges, lower, upper);
  return between.length > 0 ? between : [{ upper, lower }];
}

function waysUp(edges, lower, upper) {
  return edges.filter((edge) => edge.lower === lower).flatMap((edge) => {
    if (edge.upper === upper) return [edge];
    const further = waysUp(edges, edge.upper, upper);
    return further.length > 0 ? [edge, ...further] : [];
  });
}

// Finds each weight's label a free place on its line, and gives how many have none: such a label is shown only while its
// weight is looked at.
function labelEdges(edges, boxes, kind, shares) {
  const taken = boxes.map(({ x, y, width, height }) => ({ x, y: y + height / 2, width: width + 6, height: height + 4 }));
  const weights = edges.filter((edge) => edge.parameter !== null);
  const places = new Map(weights.map((edge) => [edge, shares.map((share) => labelAt(edge, share, kind))]));
  const isFree = (label) => taken.every((other) => !overlap(label, other));
  const waiting = new Set(weights);
  let unlabelled = 0;
  while (waiting.size > 0) {
    // Of many, the one with the fewest places left comes first: the others can still go elsewhere.
    let [next, free] = [null, []];
    for (const edge of shares === FEW_PLACES ? [...waiting].slice(0, 1) : waiting) {
      const left = places.get(edge).filter(isFree);
      if (next === null || left.length < free.length) [next, free] = [edge, left];
    }
    waiting.delete(next);
    const crossings = (label) => weights.filter((other) => other !== next && passes(other, label)).length;
    // Sorting keeps the order of equals: the nearest to the middle.
    const ranked = free.map((label) => [crossings(label), label]).sort(([a], [b]) => a - b);
    next.label = ranked[0]?.[1] ?? { ...places.get(next)[0], crowded: true };
    if (ranked.length > 0) taken.push(next.label);
    else unlabelled += 1;
  }
  return unlabelled;
}

function labelAt({ start, end }, share, kind) {
  const [x, y] = [start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])];
  return { x, y, width: labelWidth(kind.longest, kind), height: kind.height, kind };
}

// The width of a label of this kind with so many characters.
export function labelWidth(characters, { longest, character, margin }) {
  return Math.min(longest, characters) * character + margin;
}

function overlap(a, b) {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2;
}

// Whether an edge's line passes through a label.
function passes({ start, end }, label) {
  const share = (label.y - start[1]) / (end[1] - start[1]);
  return share > 0 && share < 1 && Math.abs(start[0] + share * (end[0] - start[0]) - label.x) < label.width / 2;
}
