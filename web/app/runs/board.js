// The leaderboard: recipes judged over their seeds, each mean with its deviation as a dot with whiskers.

import { drawn, element } from "../../worksheet/elements.js";
import { prose } from "../prose.js";
import { counted, duration, percent, thousands } from "../train/words.js";

const OF_DATA = { mnist: "MNIST", strokes: "the built-in stroke digits" };
const SIGNIFICANT = 0.05;
const [WIDTH, HEIGHT, EDGE] = [200, 22, 8];

export function boardElements({ boards, said }) {
  const parts = boards.map((board) => boardElement(board, boards.length > 1));
  const list = element("ul", { class: "hint said" }, said.map((text) => element("li", {}, text)));
  const notes = said.length > 0 ? [element("details", {}, element("summary", {}, counted(said.length, "remark")), list)] : [];
  if (boards.length === 0) parts.push(element("p", { class: "hint" }, "No finished run to judge among these."));
  return [...parts, ...notes];
}

function boardElement(board, several) {
  const on = board.judged_on === "test" ? "test images" : "held-out training images";
  const count = board.images ? `${thousands(board.images)} ` : "the ";
  const scale = scaleOf(board.rows);
  const title = `On ${count}${on} of ${OF_DATA[board.data] ?? board.data}`;
  const headings = ["recipe", "accuracy, mean ± deviation", "", "seeds", "against the row above", "parameters", "epochs", "a run takes"];
  const head = element("tr", {}, headings.map((text) => (text ? element("th", { scope: "col" }, text) : element("td", {}, scale ? axis(scale) : ""))));
  const table = element("table", { class: "board" }, element("caption", { class: several ? null : "single" }, title), element("thead", {}, head), element("tbody", {}, board.rows.map((row) => rowElement(row, scale))));
  const words = `Accuracy after the last epoch; the deviation is over seeds. The test: ${board.test}. Differences with p below ${SIGNIFICANT} are called more than noise.`;
  return element("div", { class: "one-board" },
    element("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": `Leaderboard: ${title}` }, table),
    element("p", { class: "hint" }, words));
}

function rowElement(row, scale) {
  const { accuracy } = row;
  const mean = accuracy === null ? ["–"] : [element("strong", {}, percent(accuracy.mean, row.n > 1 ? 3 : 2))];
  if (accuracy !== null && accuracy.deviation !== null) mean.push(` ± ${(100 * accuracy.deviation).toFixed(3)}`);
  const seeds = [thousands(row.n), row.diverged > 0 ? `${row.diverged} diverged` : null, row.missing > 0 ? `${row.missing} missing` : null].filter((text) => text !== null);
  const name = row.entry ?? row.recipe;
  return element("tr", {},
    element("th", { scope: "row" }, element("span", { class: "name" }, name), row.reason ? element("span", { class: "reason" }, prose(row.reason)) : null),
    element("td", {}, mean),
    element("td", { class: "picture" }, accuracy === null || !scale ? "" : whiskers(accuracy, scale)),
    element("td", {}, seeds.map((text, place) => (place === 0 ? text : element("span", { class: "reason" }, text)))),
    element("td", {}, row.difference === null ? "" : against(row.difference)),
    element("td", {}, thousands(row.parameters)),
    element("td", {}, thousands(row.epochs)),
    element("td", {}, row.seconds === null ? "–" : duration(row.seconds)));
}

function against({ points, p }) {
  const sign = points < 0 ? "−" : "+";
  const words = p === null ? "too few runs to tell" : `${p < SIGNIFICANT ? "more than noise" : "may be noise"}, p ${pValue(p)}`;
  return [`${sign}${Math.abs(points).toFixed(3)} points`, element("span", { class: p !== null && p < SIGNIFICANT ? "reason sure" : "reason" }, words)];
}

function pValue(p) {
  return p < 0.0001 ? "< 0.0001" : `= ${p.toFixed(p < 0.01 ? 4 : 3)}`;
}

// From the lowest whisker to the highest. One row far off does not press the others together: it leaves at the edge.
function scaleOf(rows) {
  const known = rows.filter((row) => row.accuracy !== null).map(({ accuracy }) => ({ mean: accuracy.mean, deviation: accuracy.deviation ?? 0 }));
  if (known.length < 2) return null;
  const means = known.map(({ mean }) => mean).sort((a, b) => b - a);
  const typical = means[0] - means[Math.floor((means.length - 1) / 2)];
  const high = Math.max(...known.map(({ mean, deviation }) => mean + deviation));
  const lowest = Math.min(...known.map(({ mean, deviation }) => mean - deviation));
  const low = typical > 0 ? Math.max(lowest, means[0] - 6 * typical) : lowest;
  return high > low ? { low, high, x: (value) => EDGE + ((value - low) / (high - low)) * (WIDTH - 2 * EDGE) } : null;
}

function axis({ low, high }) {
  return element("span", { class: "axis" }, element("span", {}, percent(low)), element("span", {}, percent(high)));
}

function whiskers({ mean, deviation }, { low, x }) {
  const spread = deviation ?? 0;
  const words = `${percent(mean, 3)}${spread ? `, one deviation from ${percent(mean - spread, 3)} to ${percent(mean + spread, 3)}` : ""}`;
  const picture = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-label": words });
  const middle = HEIGHT / 2;
  picture.append(drawn("line", { class: "ground", x1: 0, x2: WIDTH, y1: middle, y2: middle }));
  if (mean < low) {
    picture.append(drawn("path", { class: "beyond", d: `M8 ${middle - 5}L2 ${middle}L8 ${middle + 5}` }));
    return picture;
  }
  if (spread) {
    const [from, to] = [Math.max(0, x(mean - spread)), x(mean + spread)];
    picture.append(drawn("path", { class: "spread", d: `M${from} ${middle}H${to}M${from} ${middle - 4}v8M${to} ${middle - 4}v8` }));
  }
  picture.append(drawn("circle", { class: "mean", cx: x(mean), cy: middle, r: 4.5 }));
  return picture;
}
