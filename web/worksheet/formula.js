// Formulas: written out from the short form they come in, with the numbers of the moment in them.

import { numberMathMl, shown } from "./number.js";
import { element, fragment, mathElement } from "./elements.js";

// MathML of a short formula: {12} is the name of node 12, {=12} a place for its value, {(12} one for its value in
// parentheses where it needs them.
export function expanded(short, model) {
  return short.replace(/\{([=(]?)(\d+)\}/g, (_, mark, digits) => {
    if (!mark) return `<mrow>${model.symbol(Number(digits)).mathMl}</mrow>`;
    return `<mrow data-value="${digits}"${mark === "(" ? " data-wrap" : ""}></mrow>`;
  });
}

// A sentence with formulas in it.
export function sentence(short, model) {
  const words = fragment(expanded(short, model));
  // A comma or full stop stays with the formula before it.
  for (const formula of words.querySelectorAll("math")) {
    const next = formula.nextSibling;
    const mark = next?.nodeType === Node.TEXT_NODE ? next.data.match(/^[,.;:]/) : null;
    if (!mark) continue;
    next.data = next.data.slice(1);
    const together = element("span", { class: "together" });
    formula.replaceWith(together);
    together.append(formula, mark[0]);
  }
  return words;
}

export function nameElement(node, model) {
  return mathElement(model.symbol(node).mathMl);
}

// ∂upper/∂lower
export function partialMathMl(upper, lower, model) {
  const [above, below] = [model.symbol(upper).mathMl, model.symbol(lower).mathMl];
  return `<mfrac><mrow><mo>∂</mo>${above}</mrow><mrow><mo>∂</mo>${below}</mrow></mfrac>`;
}

// The same in words, for whoever has the page read out: browsers read nothing of a formula in a heading.
export function partialName(upper, lower, model) {
  return `Derivative of ${model.symbol(upper).unicode} by ${model.symbol(lower).unicode}`;
}

// A sentence with formulas in it, as text.
export function spoken(short, model) {
  return short.replace(/<[^>]*>/g, "").replace(/\{[=(]?(\d+)\}/g, (_, digits) => model.symbol(Number(digits)).unicode);
}

// One stage of an equation: = or ≈, then its terms, each fit to stand on the next line.
export function stageElement(short, model) {
  const whole = mathElement(expanded(short, model));
  return element("span", { class: "stage" }, relationElement(), element("span", { class: "terms" }, pieces(whole)));
}

function relationElement() {
  return mathElement(`<mo form="infix" class="relation">=</mo>`);
}

// A left side and the stages of its right side below one another.
export function equationElement([left, stages], model) {
  const rows = stages.map((stage) => stageElement(stage, model));
  return element("div", { class: "equation" },
    element("span", { class: "left" }, pieces(mathElement(expanded(left, model)))),
    element("div", { class: "stages" }, rows));
}

// Cuts a formula before each sign between its terms and factors, so that long ones can be broken into lines; inside
// parentheses too where they hold much.
function pieces(whole) {
  const children = opened([...whole.children]);
  const isBetween = (place) => place > 0 && children[place - 1].textContent !== "(";
  const isSign = (child, place) => child.localName === "mo" && /^[+−·]$/.test(child.textContent) && isBetween(place);
  const cuts = children.flatMap((child, place) => (isSign(child, place) ? [place] : []));
  if (children.length < 6 || cuts.length === 0) return [whole];
  const starts = [0, ...cuts];
  return starts.map((start, place) => {
    const piece = mathElement("");
    piece.append(...children.slice(start, starts[place + 1]));
    if (place > 0) piece.firstChild.setAttribute("form", "infix");
    return piece;
  });
}

// The same children with long parentheses taken apart.
function opened(children) {
  return children.flatMap((child) => {
    const inner = [...child.children];
    const isLong = child.localName === "mrow" && inner[0]?.textContent === "(" && inner.length > 5;
    return isLong ? opened(inner) : [child];
  });
}

// Puts the numbers of the moment into every place for a value below `root`, and = or ≈ before every stage.
export function fill(root, values) {
  for (const place of root.querySelectorAll("[data-value]")) {
    const value = values[Number(place.dataset.value)];
    if (place.shownValue === value) continue;
    place.shownValue = value;
    place.innerHTML = numberMathMl(value, "wrap" in place.dataset);
  }
  for (const stage of root.querySelectorAll(".stage")) {
    const places = [...stage.querySelectorAll("[data-value]")];
    const exact = places.every((place) => shown(values[Number(place.dataset.value)]).exact);
    stage.querySelector(".relation").textContent = exact ? "=" : "≈";
  }
}

const RAISED_MARKS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹ⁿˣᶠ";
const PLAIN_MARKS = "−0123456789nxf";

// Plain text with E_total and raised characters properly set.
export function prose(text) {
  const safe = text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  const named = safe.replace(/E_total/g, "<i>E</i><sub>total</sub>").replace(/η/g, "<i>η</i>");
  const plain = (run) => [...run].map((mark) => PLAIN_MARKS[RAISED_MARKS.indexOf(mark)]).join("");
  return fragment(named.replace(new RegExp(`[${RAISED_MARKS}]+`, "g"), (run) => `<sup>${plain(run)}</sup>`));
}
