// Workbooks for the audit: chosen or dropped, one after another; every try stays on the page.

import { postBytes } from "../api.js";
import { element } from "../../worksheet/elements.js";
import { verdictElements, verdictInWords } from "./verdict.js";

const TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
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
    const report = await postBytes(`/api/audits?name=${encodeURIComponent(file.name)}`, file, TYPE);
    body.replaceChildren(...verdictElements(report, file.name));
    byId("audit-state").textContent = `${file.name}: ${verdictInWords(report)}`;
  } catch (error) {
    body.replaceChildren(element("p", { class: "notice" }, error.message));
    byId("audit-state").textContent = `${file.name}: ${error.message}`;
  }
}
