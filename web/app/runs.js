// The room of past runs: a leaderboard over recipes, every run, and the curves of those that are chosen.

import { get, post } from "./api.js";
import { element } from "../worksheet/elements.js";
import { boardElements } from "./runs/board.js";
import { Compare } from "./runs/compare.js";
import { Filters } from "./runs/filters.js";
import { Reading } from "./runs/reading.js";
import { RunTable } from "./runs/table.js";
import { passes, View } from "./runs/view.js";
import { counted, thousands } from "./train/words.js";

const PAUSE_BEFORE_BOARD = 200;
// Longer queries may not pass.
const LONGEST_QUERY = 6000;

const at = (id) => document.getElementById(id);
const view = new View(changed);
let runs = [];
// The answer as it was read last: where nothing is new nothing is touched.
let known = null;
let filters, table, compare;
let boardTimer = null;
let boardRequest = null;
let boardOf = null;

async function read() {
  let answer;
  try {
    answer = await get("/api/runs");
  } catch (error) {
    if (known === null) at("folders").textContent = "The folders were not read.";
    throw error;
  }
  const text = JSON.stringify(answer);
  if (text === known) return;
  known = text;
  ({ runs } = answer);
  at("folders").textContent = answer.folders.length > 0 ? `In ${inList(answer.folders)}` : "";
  at("train-command").textContent = answer.train_command;
  showUnreadable(answer.unreadable);
  at("none").hidden = runs.length > 0;
  at("some").hidden = runs.length === 0;
  if (runs.length === 0) return;
  filters ??= new Filters(at("filters"), view);
  table ??= new RunTable(at("table"), view, resume);
  compare ??= new Compare({ section: at("compare"), curves: at("curves"), bar: at("chosen") }, view);
  filters.take(runs);
  table.take(runs);
  compare.forget();
  boardOf = null;
  changed("read");
}

function changed(what) {
  if (runs.length === 0) return;
  if (what === "chosen") {
    table.showChosen();
  } else {
    const passing = runs.filter((run) => passes(run, view.filters));
    filters.show();
    table.show(passing);
    at("count").textContent = passing.length === runs.length ? counted(runs.length, "run") : `${thousands(passing.length)} of ${counted(runs.length, "run")}`;
    if (what === "filter" || what === "all") at("said").textContent = view.isFiltered ? `${counted(passing.length, "run")} shown.` : "";
    clearTimeout(boardTimer);
    boardTimer = setTimeout(() => showBoard(passing), boardOf === null ? 0 : PAUSE_BEFORE_BOARD);
  }
  compare.show(runs.filter((run) => view.chosen.has(run.id)).map((run) => run.id));
}

// The leaderboard of the runs that pass, as far as an address can name them.
async function showBoard(passing) {
  const all = passing.length === runs.length;
  const ids = passing.map((run) => encodeURIComponent(run.id)).join(",");
  const tooMany = !all && ids.length > LONGEST_QUERY;
  const query = all || tooMany ? "" : `?ids=${ids}`;
  if (query === boardOf) return noteBoard(tooMany);
  boardRequest?.abort();
  if (passing.length === 0) {
    boardOf = query;
    at("boards").replaceChildren(...boardElements({ boards: [], said: [] }));
    return;
  }
  const request = new AbortController();
  boardRequest = request;
  try {
    const answer = await get(`/api/leaderboard${query}`, { signal: request.signal });
    if (request.signal.aborted) return;
    boardOf = query;
    at("boards").replaceChildren(...boardElements(answer));
    noteBoard(tooMany);
  } catch (error) {
    if (error.name !== "AbortError") at("boards").replaceChildren(element("p", { class: "notice", role: "alert" }, error.message));
  }
}

function noteBoard(tooMany) {
  document.getElementById("board-note")?.remove();
  if (tooMany) at("boards").prepend(element("p", { id: "board-note", class: "hint" }, "This is the leaderboard of all runs: the filters leave too many to name one by one."));
}

async function resume(run) {
  try {
    const job = await post("/api/queue/resume", { run: run.id });
    location.assign(`/train?job=${encodeURIComponent(job.id)}`);
  } catch (error) {
    tell(`${run.entry ?? run.recipe}, seed ${run.seed}: ${error.message}`);
  }
}

function tell(...words) {
  at("notice").hidden = false;
  at("notice").replaceChildren(...words);
  at("notice").scrollIntoView({ block: "nearest" });
}

function showUnreadable(unreadable) {
  at("unreadable").hidden = unreadable.length === 0;
  at("unreadable-list").replaceChildren(...unreadable.map(({ path, why }) => element("div", {}, element("dt", {}, path), element("dd", {}, why))));
}

function inList(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

new Reading(at("read"), read, (words) => (at("said").textContent = words)).take();
