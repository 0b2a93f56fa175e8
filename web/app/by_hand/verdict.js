// What the audit found in a workbook.

import { element } from "../../worksheet/elements.js";
import { numberText } from "../../worksheet/number.js";

// More slips than this are folded, sheet by sheet.
const FEW = 6;

export function verdictElements(report, name) {
  const { verdict, slips, refused = [], notes = [], page, corrected } = report;
  const sheets = grouped(slips);
  const lists = sheets.map(([sheet, found], place) => sheetElement(sheet, found, slips.length <= FEW || place === 0));
  const remarks = [...refused, ...notes].map((text) => element("li", {}, sentenceOf(text)));
  const links = element("p", { class: "links" },
    corrected ? element("a", { href: corrected, class: "button", download: true }, "The corrected copy") : null,
    element("a", { href: page, target: "_blank", rel: "noopener" }, "The whole report in a tab of its own"));
  return [
    element("p", { class: `verdict ${verdict}` }, verdictInWords(report)),
    remarks.length > 0 ? element("ul", { class: "notes" }, remarks) : null,
    ...lists,
    links,
    cellsElement(page, name),
  ].filter(Boolean);
}

export function verdictInWords({ verdict, slips }) {
  if (verdict === "clean") return "Clean: every gradient is the derivative of the sheet’s own error.";
  if (slips.length === 0) return "No slip was found, but not all of it could be audited.";
  const different = slips.filter((slip) => !slip.told_on).length;
  const count = different === 1 ? "One slip" : `${different} slips`;
  return different < slips.length ? `${count} found, made ${slips.length} times.` : `${count} found.`;
}

function sheetElement(sheet, slips, open) {
  const count = slips.length === 1 ? "one slip" : `${slips.length} slips`;
  return element("details", { class: "sheet-of-slips", open },
    element("summary", {}, `${sheet} `, element("span", { class: "aside" }, count)),
    element("ol", {}, slips.map(slipElement)));
}

function slipElement({ cell, weight, rows, every_row: isEveryRow, what, found, value, expected, is_of_gradient: isOfGradient, right, derivation, also = [], told_on: toldOn }) {
  const place = cell.slice(cell.lastIndexOf("!") + 1);
  const extent = isEveryRow ? ", and so in every row" : rows > 1 ? `, and so in ${rows} rows` : "";
  const head = element("p", { class: "slip-head" }, element("strong", {}, place), weight ? `, for ${weight}` : "", `${extent}. `, sentenceOf(what));
  if (toldOn) {
    return element("li", {}, element("p", { class: "slip-head" }, element("strong", {}, place), weight ? `, for ${weight}` : "", `: the same as on ${toldOn}.`));
  }
  const line = (name, content) => (content === null || content === undefined ? null
    : element("div", {}, element("dt", {}, name), element("dd", {}, content)));
  const code = (text) => (text ? element("code", {}, text) : null);
  const number = (amount) => (Number.isFinite(amount) ? numberText(amount) : null);
  return element("li", {}, head, element("dl", {},
    line("also on", also.length > 0 ? also.map((other) => other.sheet).join(", ") : null),
    line("found", code(found)),
    isOfGradient ? line("applies", [number(value), " as gradient"]) : line("gives", number(value)),
    line("should be", number(expected)),
    line("write", code(right)),
    line("because", derivation)));
}

// The server's remarks begin small, to go on behind a colon.
function sentenceOf(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

// The page comes with the workbook's own words in it: it runs nothing and reaches nothing from inside its frame. It is
// fetched when it is first wanted.
function cellsElement(page, name) {
  const details = element("details", { class: "cells" }, element("summary", {}, "The sheet, with its cells marked"));
  details.addEventListener("toggle", () => {
    if (details.open && !details.querySelector("iframe")) {
      details.append(element("iframe", { src: page, title: `Audit of ${name}, with the cells marked`, sandbox: "" }));
    }
  });
  return details;
}

function grouped(slips) {
  const sheets = new Map();
  for (const slip of slips) sheets.set(slip.sheet, [...(sheets.get(slip.sheet) ?? []), slip]);
  return [...sheets];
}
