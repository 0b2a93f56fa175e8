// Workbooks for the audit: chosen or dropped, one after another; every try stays on the page.

import { postBytes } from "../api.js";
import { element } from "../../worksheet/elements.js";
import { verdictElements, verdictInWords } from "./verdict.js";

const TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
// The most that the server takes.
const MOST_BYTES = 16 * 2 ** 20;
const byId = (id) => document.getElementById(id);

export function listenForBooks() {
  const input = byId("book-file");
  byId("book").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    takeAll(input.files);
    // A book that was mended has the same name.
    input.value = "";
  });
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (isOver) => byId("drop").classList.toggle("over", isOver);
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) mark(false);
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(false);
    byId("drop").scrollIntoView({ block: "center" });
    takeAll(event.dataTransfer.files);
  });
}

async function takeAll(files) {
  for (const file of [...files]) await take(file);
}

async function take(file) {
  const number = byId("tries").childElementCount + 1;
  const heading = element("h3", { id: `try-${number}` }, file.name);
  const body = element("div", {}, element("p", { class: "aside" }, "Differentiating…"));
  byId("tries").prepend(element("article", { class: "try", "aria-labelledby": heading.id }, heading, body));
  byId("audit-state").textContent = `${file.name} is being looked through…`;
  try {
    // Sent all the same, it would be cut off on the way, and nobody would know why.
    if (file.size > MOST_BYTES) throw new Error(tooLarge(file.size));
    const report = await postBytes(`/api/audits?name=${encodeURIComponent(file.name)}`, file, TYPE);
    body.replaceChildren(...verdictElements(report, file.name));
    byId("audit-state").textContent = `${file.name}: ${verdictInWords(report)}`;
  } catch (error) {
    body.replaceChildren(element("p", { class: "notice" }, error.message));
    byId("audit-state").textContent = `${file.name}: ${error.message}`;
  }
}

function tooLarge(size) {
  const [is, most] = [size, MOST_BYTES].map((bytes) => Math.ceil(bytes / 2 ** 20));
  return `This workbook has ${is} MB; no more than ${most} MB can be looked through. Without pictures and other sheets it may fit.`;
}
