// Workbooks for the audit: chosen or dropped, one after another; every try stays on the page, and in this tab.

import { postBytes } from "../api.js";
import { element } from "../../worksheet/elements.js";
import { Tries } from "./tries.js";
import { verdictElements, verdictInWords } from "./verdict.js";

const TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
// The most that the server takes.
const MOST_BYTES = 16 * 2 ** 20;
const tries = new Tries();
const byId = (id) => document.getElementById(id);

export function listenForBooks() {
  for (const { name, report } of tries.kept) showAgain(openTry(name), name, report);
  byId("forget-tries").addEventListener("click", () => {
    tries.forget();
    byId("tries").replaceChildren();
    byId("forget-tries").hidden = true;
    byId("audit-state").textContent = "No audit is shown any more.";
    byId("book").focus();
  });
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

// Where the verdict on one more workbook belongs.
function openTry(name) {
  const heading = element("h3", { id: `try-${byId("tries").childElementCount + 1}` }, name);
  const body = element("div", {}, element("p", { class: "aside" }, "Differentiating…"));
  byId("tries").prepend(element("article", { class: "try", "aria-labelledby": heading.id }, heading, body));
  byId("forget-tries").hidden = false;
  return body;
}

// A verdict from before: the server may have let go of the page and the corrected copy that belong to it.
async function showAgain(body, name, report) {
  body.replaceChildren(...verdictElements(report, name));
  const response = await fetch(report.page, { method: "HEAD" }).catch(() => null);
  if (response?.status !== 404) return;
  for (const part of body.querySelectorAll(".links, .cells")) part.remove();
  body.append(element("p", { class: "aside" }, "Its marked cells and its corrected copy are not kept any more; give the workbook once more for them."));
}

async function take(file) {
  const body = openTry(file.name);
  byId("audit-state").textContent = `${file.name} is being looked through…`;
  try {
    // Sent all the same, it would be cut off on the way, and nobody would know why.
    if (file.size > MOST_BYTES) throw new Error(tooLarge(file.size));
    const report = await postBytes(`/api/audits?name=${encodeURIComponent(file.name)}`, file, TYPE);
    body.replaceChildren(...verdictElements(report, file.name));
    tries.keep(file.name, report);
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
