// The table of runs: sorted, with a box to choose each for comparison. Rows are made once and only moved about.

import { element } from "../../worksheet/elements.js";
import { MOST } from "./compare.js";
import { duration, percent, statusInWords, thousands } from "../train/words.js";

// More rows than this are shown when asked for: a browser lays out hundreds at once, thousands not.
const ROWS_AT_ONCE = 200;

const onNumber = (value) => (run) => value(run) ?? null;
const COLUMNS = [
  { name: "run", title: "run", value: (run) => `${run.entry ?? run.recipe} ${String(run.seed).padStart(9, "0")}`, first: "rising" },
  { name: "accuracy", title: "accuracy", value: onNumber((run) => run.last_accuracy), first: "falling" },
  { name: "best", title: "best epoch", value: onNumber((run) => run.best_accuracy), first: "falling" },
  { name: "epochs", title: "epochs", value: (run) => run.epochs_done, first: "falling" },
  { name: "status", title: "status", value: (run) => run.status, first: "rising" },
  { name: "judged", title: "judged on", value: (run) => `${run.judged_on} ${run.data}`, first: "rising" },
  { name: "parameters", title: "parameters", value: (run) => run.parameters, first: "rising" },
  { name: "seconds", title: "an epoch", value: onNumber((run) => run.seconds_per_epoch), first: "rising" },
  { name: "started", title: "started", value: (run) => run.started, first: "falling" },
];

export class RunTable {
  constructor(place, view, resume) {
    Object.assign(this, { view, resume, lines: new Map(), most: ROWS_AT_ONCE, shown: [] });
    this.all = element("input", { type: "checkbox", "aria-label": `Choose the first ${MOST} that are shown`, onchange: () => this.chooseAll() });
    this.headings = COLUMNS.map((column) => {
      const button = element("button", { type: "button", onclick: () => view.sortBy(column.name, column.first) }, column.title);
      return element("th", { scope: "col", class: column.name }, button);
    });
    this.body = element("tbody");
    const head = element("thead", {}, element("tr", {}, element("td", { class: "box" }, this.all), this.headings, element("td")));
    const table = element("table", { class: "runs-table" }, element("caption", { class: "unseen" }, "Runs; the column headings sort"), head, this.body);
    this.more = element("button", { type: "button", hidden: true, onclick: () => this.showMore() });
    this.nothing = element("p", { class: "hint", hidden: true }, "No run passes these filters.");
    this.scroller = element("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Table of runs" }, table);
    place.replaceChildren(this.scroller, this.nothing, this.more);
  }

  // The runs as they are now: lines of those that are as they were stay.
  take(runs) {
    const before = this.lines;
    this.lines = new Map();
    for (const run of runs) {
      const kept = before.get(run.id);
      if (kept?.state === JSON.stringify(run)) this.lines.set(run.id, kept);
    }
  }

  show(passing) {
    const { order } = this.view;
    const falling = order.startsWith("-");
    const column = COLUMNS.find(({ name }) => name === order.replace(/^-/, "")) ?? COLUMNS.at(-1);
    COLUMNS.forEach(({ name }, place) => {
      if (name === column.name) this.headings[place].setAttribute("aria-sort", falling ? "descending" : "ascending");
      else this.headings[place].removeAttribute("aria-sort");
    });
    this.shown = sorted(passing, column.value, falling);
    this.write();
  }

  write() {
    const { shown, most } = this;
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    const focusedRun = focused?.closest("tr").dataset.run;
    this.body.replaceChildren(...shown.slice(0, most).map((run) => this.line(run)));
    this.more.hidden = shown.length <= most;
    const left = shown.length - most;
    this.more.textContent = left > ROWS_AT_ONCE ? `Show ${ROWS_AT_ONCE} more of the other ${thousands(left)}` : `Show the other ${left}`;
    this.nothing.hidden = shown.length > 0;
    this.scroller.hidden = shown.length === 0;
    this.showChosen();
    if (focused) this.focusAgain(focused, focusedRun);
  }

  // Lines that were moved lose focus, and some are new ones.
  focusAgain(focused, id) {
    const line = [...this.body.rows].find((other) => other.dataset.run === id);
    const box = line?.cells[0].firstChild;
    (focused.isConnected ? focused : box ?? this.scroller).focus({ preventScroll: true });
  }

  showMore() {
    this.most += ROWS_AT_ONCE;
    this.write();
    if (this.more.hidden) this.scroller.focus({ preventScroll: true });
  }

  showChosen() {
    const { chosen } = this.view;
    for (const run of this.shown.slice(0, this.most)) {
      const line = this.line(run);
      const is = chosen.has(run.id);
      line.cells[0].firstChild.checked = is;
      line.classList.toggle("is-chosen", is);
    }
    const count = this.shown.filter((run) => chosen.has(run.id)).length;
    this.all.checked = count > 0 && count >= Math.min(this.shown.length, MOST);
    this.all.indeterminate = count > 0 && !this.all.checked;
  }

  chooseAll() {
    const ids = this.shown.slice(0, MOST).map((run) => run.id);
    this.view.chooseOnly(this.all.checked ? ids : []);
  }

  line(run) {
    if (!this.lines.has(run.id)) this.lines.set(run.id, { state: JSON.stringify(run), node: this.makeLine(run) });
    return this.lines.get(run.id).node;
  }

  makeLine(run) {
    const name = run.entry ?? run.recipe;
    const title = `${name}, seed ${run.seed}`;
    const box = element("input", { type: "checkbox", "aria-label": `Compare ${title}`, onchange: () => this.view.choose(run.id, box.checked) });
    const id = encodeURIComponent(run.id);
    const head = element("th", { scope: "row", title: run.path },
      run.has_report ? element("a", { href: `/runs/${id}/report`, target: "_blank", "aria-label": `Report of ${title}` }, title) : title,
      run.suite ? element("span", { class: "of" }, `of ${run.suite}`) : null);
    const epochs = run.epochs_done === run.epochs ? String(run.epochs) : `${run.epochs_done} of ${run.epochs}`;
    const best = run.best_accuracy === null ? "–" : `${percent(run.best_accuracy)} (${run.best_epoch})`;
    const on = `${run.judged_on === "test" ? "test" : "held-out"}${run.data === "mnist" ? "" : `, ${run.data}`}`;
    const cells = [
      ["accuracy", run.last_accuracy === null ? "–" : percent(run.last_accuracy)],
      ["best", best],
      ["epochs", epochs],
      [`status ${run.status}`, statusInWords(run.status).split(":")[0]],
      ["judged", on],
      ["parameters", thousands(run.parameters)],
      ["seconds", run.seconds_per_epoch === null ? "–" : duration(run.seconds_per_epoch)],
      ["started", day(run.started)],
    ];
    return element("tr", { "data-run": run.id }, element("td", { class: "box" }, box), head, cells.map(([kind, text]) => element("td", { class: kind }, text)), this.actions(run, title, id));
  }

  actions(run, title, id) {
    const file = (name) => element("li", {}, element("a", { href: `/runs/${id}/files/${name}`, download: true }, name));
    const files = element("details", { class: "files" }, element("summary", { "aria-label": `Files of ${title}` }, "files"),
      element("ul", {}, file("run.json"), file("metrics.jsonl"), run.has_model ? file("model.safetensors") : null));
    const resume = run.resumable ? element("button", { type: "button", class: "link", "aria-label": `Resume ${title}`, onclick: () => this.resume(run) }, "resume") : null;
    const draw = run.has_model ? element("a", { href: `/draw?model=${id}`, "aria-label": `Draw with ${title}` }, "draw") : null;
    return element("td", { class: "actions" }, element("div", {}, resume, draw, files));
  }
}

// What is not known comes last, whichever way.
function sorted(runs, value, falling) {
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
  return runs.map((run) => [value(run), run]).sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return falling ? compare(b, a) : compare(a, b);
  }).map(([, run]) => run);
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const OTHER_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

function day(text) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  return (date.getFullYear() === new Date().getFullYear() ? DAY : OTHER_YEAR).format(date);
}
