// Line charts: E_total against the row.

import { drawn } from "./elements.js";
import { nameSpans } from "./diagram.js";

const MARGIN = { top: 34, bottom: 44, left: 52 };
const LABEL_GAP = 17;
const FAR_OUTSIDE = 1e5;
// An error so many times the first is no longer a curve to be read but one that has left the picture.
const OUT_OF_HAND = 20;
const ROOM_ABOVE = 4;

// Draws lines {label, remark, errors, kind} whose points are numbered from 1. With `mark`, that row of the line of kind
// "current" is marked. Gives the picture, and a function from a place across the window to the row there.
export function chart({ width, height, lines, logarithmic = false, floor = 0, ceiling = Infinity, yName, mark = null, description }) {
  const narrow = width < 560;
  const longest = (text) => Math.max(0, ...lines.map((line) => (line[text] ?? "").length));
  const remarkAt = 52 + 8 * longest("label");
  const right = width - remarkAt - (narrow ? 0 : 14 + 6.8 * longest("remark"));
  const area = { left: MARGIN.left, right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const rows = Math.max(2, ...lines.map((line) => line.errors.length));
  const x = (row) => area.left + ((row - 1) / (rows - 1)) * (area.right - area.left);
  const scale = logarithmic ? logarithmicScale(lines, floor, ceiling) : linearScale(lines);
  // A picture of its own cuts off what leaves it.
  const frame = { x: area.left - 4, y: area.top - 6, width: area.right - area.left + 8, height: area.bottom - area.top + 10 };
  const inside = drawn("svg", { ...frame, viewBox: `${frame.x} ${frame.y} ${frame.width} ${frame.height}` });
  const anywhere = (value) => Math.min(Math.max(area.bottom - scale.share(value) * (area.bottom - area.top), -FAR_OUTSIDE), FAR_OUTSIDE);
  const y = (value) => Math.min(Math.max(anywhere(value), area.top - 4), area.bottom + 4);

  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": description, class: "chart" });
  for (const { value, label } of scale.ticks) {
    const at = y(value);
    picture.append(drawn("line", { x1: area.left, x2: area.right, y1: at, y2: at, class: "grid" }));
    picture.append(tickText(label, { x: area.left - 8, y: at + 4.5, "text-anchor": "end", class: "tick" }));
  }
  picture.append(drawn("line", { x1: area.left, x2: area.right, y1: area.bottom, y2: area.bottom, class: "axis" }));
  for (const row of rowTicks(rows, narrow ? 5 : 9)) {
    picture.append(drawn("line", { x1: x(row), x2: x(row), y1: area.bottom, y2: area.bottom + 5, class: "axis" }));
    picture.append(drawn("text", { x: x(row), y: area.bottom + 20, "text-anchor": "middle", class: "tick" }, String(row)));
  }
  picture.append(drawn("text", { x: 4, y: 16, class: "title" }, nameSpans(yName)));
  picture.append(drawn("text", { x: (area.left + area.right) / 2, y: area.bottom + 38, "text-anchor": "middle", class: "title" }, "row"));

  const ordered = [...lines].sort((a, b) => (a.kind === "current") - (b.kind === "current"));
  for (const { errors, kind, overflows } of ordered) {
    const points = thinned(errors, Math.ceil(area.right - area.left));
    const point = ([row, value], place) => `${place ? "L" : "M"}${x(row).toFixed(1)} ${anywhere(value).toFixed(1)}`;
    inside.append(drawn("path", { d: points.map(point).join(""), class: `curve ${kind ?? ""}` }));
    const last = points[points.length - 1];
    if (overflows && last) {
      const [cx, cy] = [x(last[0]), y(last[1])];
      picture.append(drawn("path", { d: `M${cx - 5} ${cy - 5}l10 10m-10 0l10 -10`, class: `curve ${kind ?? ""}` }));
    }
  }
  picture.append(inside);
  drawLabels(picture, lines, area, x, y, narrow ? null : remarkAt + 12);
  if (mark !== null) drawMark(picture, lines.find((line) => line.kind === "current"), mark, area, x, y);
  const rowAt = (clientX) => {
    const share = (clientX - picture.getBoundingClientRect().left - area.left) / (area.right - area.left);
    return 1 + Math.round(share * (rows - 1));
  };
  return { picture, rowAt };
}

function drawMark(picture, line, row, area, x, y) {
  const at = x(row);
  const value = line.errors[row - 1];
  picture.append(drawn("line", { x1: at, x2: at, y1: area.top - 8, y2: area.bottom, class: "mark" }));
  if (Number.isFinite(value)) picture.append(drawn("circle", { cx: at, cy: y(value), r: 5, class: "dot" }));
}

function drawLabels(picture, lines, area, x, y, remarkAt) {
  const ends = lines.map((line) => {
    let last = line.errors.length;
    while (last > 1 && !Number.isFinite(line.errors[last - 1])) last -= 1;
    return { line, x: x(last), y: y(line.errors[last - 1]) };
  });
  ends.sort((a, b) => a.y - b.y);
  const places = spread(ends.map((end) => end.y), area.top, area.bottom - 2);
  ends.forEach(({ line, x: endX, y: endY }, place) => {
    const kind = line.kind ?? "";
    const at = places[place];
    const start = area.right + 3;
    if (area.right - endX > 2) picture.append(drawn("line", { x1: endX + 8, x2: area.right, y1: endY, y2: endY, class: `reach ${kind}` }));
    picture.append(drawn("path", { d: `M${start} ${endY}h5L${start + 13} ${at}h4`, class: `leader ${kind}` }));
    const text = drawn("text", { x: start + 21, y: at + 4.5, class: `name ${kind}` }, drawn("tspan", { class: "letter" }, "η"), ` = ${line.label}`);
    picture.append(text);
    if (remarkAt !== null && line.remark) picture.append(drawn("text", { x: area.right + remarkAt, y: at + 4.5, class: `remark ${kind}` }, line.remark));
  });
}

// Moves sorted places apart to LABEL_GAP, each as little as can be, between `low` and `high`.
function spread(wanted, low, high) {
  const gap = Math.min(LABEL_GAP, (high - low) / Math.max(1, wanted.length));
  const blocks = [];
  const start = ({ sum, count }) => Math.max(low, Math.min(sum / count, high - gap * (count - 1)));
  for (const place of wanted) {
    blocks.push({ sum: place, count: 1 });
    while (blocks.length > 1) {
      const [above, below] = blocks.slice(-2);
      if (start(above) + gap * above.count <= start(below)) break;
      blocks.splice(-2, 2, { sum: above.sum + below.sum - gap * above.count * below.count, count: above.count + below.count });
    }
  }
  return blocks.flatMap((block) => Array.from({ length: block.count }, (_, place) => start(block) + gap * place));
}

// [row, value] of finite values; of many, the lowest and the highest in each strip a pixel wide.
function thinned(errors, columns) {
  const points = errors.map((value, place) => [place + 1, value]).filter(([, value]) => Number.isFinite(value));
  if (points.length <= 4 * columns) return points;
  const strips = new Map();
  for (const point of points) {
    const strip = Math.floor(((point[0] - 1) / errors.length) * columns);
    const known = strips.get(strip);
    if (!known) strips.set(strip, { low: point, high: point });
    else if (point[1] < known.low[1]) known.low = point;
    else if (point[1] > known.high[1]) known.high = point;
  }
  return [...strips.values()].flatMap(({ low, high }) => (low[0] < high[0] ? [low, high] : [high, low]));
}

function linearScale(lines) {
  const finite = lines.flatMap((line) => line.errors.filter(Number.isFinite));
  const first = Math.max(...lines.map((line) => line.errors[0]));
  const reached = finite.reduce((a, b) => Math.max(a, b), 0) || 1;
  const highest = first > 0 && reached > OUT_OF_HAND * first ? ROOM_ABOVE * first : reached;
  const lowest = finite.reduce((a, b) => Math.min(a, b), 0);
  const step = niceStep((highest - lowest) / 5);
  const low = Math.floor(lowest / step) * step;
  const high = highest + 0.02 * (highest - lowest);
  const decimals = Math.min(12, Math.max(0, -Math.floor(Math.log10(step)) + (step / 10 ** Math.floor(Math.log10(step)) === 2.5 ? 1 : 0)));
  const ticks = [];
  for (let tick = low; tick <= high + 1e-9 * step; tick += step) {
    const isPlain = high < 1e6 && step >= 1e-6;
    ticks.push({ value: tick, label: isPlain ? tick.toFixed(decimals).replace("-", "−") : powerLabel(tick) });
  }
  return { ticks, share: (value) => (value - low) / (high - low) };
}

function powerLabel(value) {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(1).split("e");
  return { mantissa: mantissa.replace(/\.0$/, ""), exponent: String(Number(exponent)).replace("-", "−") };
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 2.5, 5].find((step) => least / power <= step * 1.000001) ?? 10);
}

function logarithmicScale(lines, floor, ceiling) {
  const values = lines.flatMap((line) => line.errors).filter((value) => value > 0 && value >= floor && value <= ceiling);
  const [low, high] = [Math.min(...values), Math.max(...values)].map(Math.log10);
  const [first, last] = [Math.floor(low), Math.max(Math.ceil(high), Math.floor(low) + 1)];
  const every = [1, 2, 5, 10, 20, 50].find((step) => last - first <= 6 * step) ?? 100;
  const ticks = [];
  for (let decade = Math.ceil(first / every) * every; decade <= last; decade += every) {
    ticks.push({ value: 10 ** decade, label: decade === 0 ? "1" : { mantissa: "", exponent: String(decade).replace("-", "−") } });
  }
  return { ticks, share: (value) => (Math.log10(Math.max(value, Number.MIN_VALUE)) - first) / (last - first) };
}

function tickText(label, attributes) {
  if (typeof label === "string") return drawn("text", attributes, label);
  const mantissa = label.mantissa ? `${label.mantissa}·10` : "10";
  return drawn("text", attributes, mantissa, drawn("tspan", { class: "index", dy: -5 }, label.exponent));
}

function rowTicks(rows, count) {
  const step = Math.max(1, Math.round(niceStep((rows - 1) / count)));
  const ticks = [1];
  for (let row = step; row <= rows; row += step) if (row - 1 > 0.5 * step) ticks.push(row);
  return ticks;
}
