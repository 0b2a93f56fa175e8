// The room where networks are trained: setting a run up, the queue, and the run that is looked at.

import { post, sentence } from "./api.js";
import { Live } from "./live.js";
import { element } from "../worksheet/elements.js";
import { JobView } from "./train/job.js";
import { QueueList } from "./train/queue.js";
import { Setup } from "./train/setup.js";
import { counted, thousands } from "./train/words.js";

const at = (id) => document.getElementById(id);
const say = (words) => (at("said").textContent = words);

// The address says what is looked at: `?job=ID`, or `?job=new` for the setting-up. Without it: the run at work, if any.
let chosen = new URLSearchParams(location.search).get("job");
let queue = null;
// The job that this page has just ordered: shown before the stream speaks of it.
let ordered = null;
const unknown = new Set();
// The jobs by which this page let runs go on, by run: one that waits has no run of its own yet.
const goesOnAs = new Map();

const setup = new Setup(at("setup"), queued);
const act = { stop: (job) => request(job, `/api/jobs/${encodeURIComponent(job.id)}/stop`), resume, look };
const view = new JobView(at("job"), act, say);
const list = new QueueList(at("queue"), { look, stop: act.stop, addLeft, forgetLeft });
const live = new Live(hear, connected);

function hear(kind, data) {
  if (kind === "queue") {
    queue = data;
    if (chosen === null) chosen = queue.running?.id ?? "new";
    show();
  } else if (kind === "data") showData(data);
  else if (kind === "unknown") {
    unknown.add(data);
    show();
  } else view.hear(kind, data);
}

function connected(is, why) {
  at("connection").hidden = is;
  if (!is) at("connection").textContent = `${why} The page tries again by itself; a run goes on without it.`;
}

function look(id) {
  chosen = id ?? "new";
  refuse("");
  history.pushState(null, "", `/train?job=${encodeURIComponent(chosen)}`);
  show();
  scrollTo({ top: 0 });
}

function show() {
  const isNew = chosen === "new" || chosen === null;
  at("setup").hidden = !isNew;
  at("job").hidden = isNew;
  view.show(isNew ? null : chosen);
  live.follow(isNew || unknown.has(chosen) ? null : chosen);
  if (queue === null) return;
  list.update(queue, isNew ? null : chosen);
  at("room").classList.toggle("with-queue", !at("queue").hidden);
  if (isNew) return;
  const jobs = [queue.running, ...queue.waiting, ...queue.ended].filter((job) => job !== null);
  const place = queue.waiting.findIndex((job) => job.id === chosen);
  const job = jobs.find((other) => other.id === chosen) ?? (ordered?.id === chosen ? ordered : null);
  view.update(job, place + (queue.running ? 1 : 0), job && laterThan(job));
}

// The job by which the run of this one went on, or is about to.
function laterThan(job) {
  if (job.run === null) return null;
  const atWork = [queue.running, ...queue.waiting].filter((other) => other !== null);
  const since = queue.ended.slice(0, Math.max(0, queue.ended.findIndex((other) => other.id === job.id)));
  const isLater = (other) => other.id !== job.id && other.run === job.run;
  return atWork.find((other) => isLater(other) || other.id === goesOnAs.get(job.run) && other.id !== job.id) ?? since.find(isLater) ?? null;
}

// A first run is shown at once; behind others the person may want to set up more.
function queued(job) {
  const ahead = queue === null ? 0 : queue.waiting.filter((other) => other.id !== job.id).length + (queue.running && queue.running.id !== job.id ? 1 : 0);
  ordered = job;
  if (ahead === 0) {
    look(job.id);
    view.title.focus();
    return;
  }
  const words = `Queued: ${job.recipe}, seed ${job.seed}, behind ${counted(ahead, "run")}. `;
  const link = element("a", { href: `/train?job=${encodeURIComponent(job.id)}` }, "Look at it");
  setup.panel.say(words, link);
}

// What is refused stands above whatever is shown, until something else is asked for.
async function request(job, path, body = {}) {
  refuse("");
  try {
    return await post(path, body);
  } catch (error) {
    refuse(job === null ? error.message : `${job.recipe}, seed ${job.seed}: ${error.message}`);
    return null;
  }
}

function refuse(words) {
  const notice = at("refused");
  notice.hidden = words === "";
  notice.textContent = words;
  if (words) notice.scrollIntoView({ block: "nearest" });
}

async function resume(job) {
  const next = await request(job, "/api/queue/resume", { run: job.run });
  if (next === null) return;
  goesOnAs.set(job.run, next.id);
  ordered = next;
  look(next.id);
  view.title.focus();
}

async function addLeft() {
  const outcome = await request(null, "/api/queue/left/add");
  if (outcome === null) return;
  refuse(outcome.refused.map((run) => `${run.recipe}, seed ${run.seed}: ${sentence(run.message)}`).join(" "));
  if (outcome.added > 0) say(`${counted(outcome.added, "run")} queued.`);
}

async function forgetLeft() {
  if ((await request(null, "/api/queue/left/forget")) !== null) say("Forgotten.");
}

function showData(data) {
  const { state, name, text, train_images: train, test_images: test } = data;
  const isMnist = state === "ready" && name === "mnist";
  const isPlain = state === "ready" && name !== "strokes";
  const counts = state === "ready" ? `${thousands(train)} training and ${thousands(test)} test images` : "";
  at("data-line").textContent = isMnist ? `MNIST: ${counts}` : text.replace(/^\w/, (letter) => letter.toUpperCase());
  at("data-notice").hidden = isPlain;
  at("data-notice").classList.toggle("calm", state !== "failed");
  at("data-notice").textContent = {
    loading: "The images are still being loaded. A run queued now begins when they are there.",
    failed: "There are no images to train on. The line above says why.",
    ready: `These are not MNIST but digits drawn by the program (${counts}): easier, and good for trying things out. Figures on them cannot be compared with figures on MNIST.`,
  }[state];
}

addEventListener("popstate", () => {
  refuse("");
  chosen = new URLSearchParams(location.search).get("job") ?? queue?.running?.id ?? "new";
  show();
});

if (chosen !== null) show();
else live.follow(null);
