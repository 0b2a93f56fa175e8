// The runs of this server: the one at work, those that wait, those that ended; each can be looked at.

import { element } from "../../worksheet/elements.js";
import { sentence } from "../api.js";
import { counted, percent, statusInWords } from "./words.js";

// Where the list stands above everything else, it is kept short.
const ENDED_SHOWN = { beside: 5, above: 2 };
const BESIDE = "(min-width: 64rem)";

export class QueueList {
  // `look(id)` shows a job (null: the setting-up), `stop(job)` stops it or takes it out; `addLeft()` and `forgetLeft()` say
  // what is to become of the runs that an earlier server left.
  constructor(place, { look, stop, addLeft, forgetLeft }) {
    Object.assign(this, { place, look, stop, addLeft, forgetLeft, shown: null, open: false });
    this.lines = new Map();
  }

  update(queue, chosen) {
    const { running, waiting, left } = queue;
    const ended = lastOfEachRun(queue);
    const any = Boolean(running) || waiting.length > 0 || ended.length > 0 || left.runs.length > 0 || left.fault !== null;
    this.place.hidden = !any;
    if (!any) return;
    // Focus survives, since lines are written anew only where something changed.
    const state = JSON.stringify([queue, chosen, this.open]);
    if (state === this.shown) return;
    this.shown = state;
    const focused = this.place.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    const kept = this.open ? ended : ended.slice(0, matchMedia(BESIDE).matches ? ENDED_SHOWN.beside : ENDED_SHOWN.above);
    const parts = [
      element("p", { class: "new" }, this.link("new", chosen === null, "Set up a run")),
      left.fault === null ? null : element("p", { class: "notice" }, sentence(left.fault)),
      left.runs.length > 0 ? this.left(left.runs) : null,
      running ? this.part("At work", [running], chosen) : null,
      waiting.length > 0 ? this.part(waiting.length > 1 ? `Waiting, ${waiting.length}` : "Waiting", waiting, chosen) : null,
      kept.length > 0 ? this.part("Ended", kept, chosen) : null,
      kept.length < ended.length ? element("button", { type: "button", class: "quiet", "data-name": "more", onclick: () => this.unfold(queue, chosen) }, `${ended.length - kept.length} more`) : null,
    ];
    this.place.replaceChildren(...parts.filter((part) => part !== null));
    if (focused) (this.place.querySelector(`[data-name="${CSS.escape(focused)}"]`) ?? this.place.querySelector("a"))?.focus();
  }

  unfold(queue, chosen) {
    this.open = true;
    this.update(queue, chosen);
  }

  part(title, jobs, chosen) {
    return element("section", {}, element("h2", {}, title), element("ul", {}, jobs.map((job) => this.line(job, chosen))));
  }

  // They begin only when a person says so: who starts the app may want the computer for something else.
  left(runs) {
    const one = runs.length === 1;
    const line = (run) => element("li", { class: "waiting" }, element("div", { class: "who" }, `${run.recipe}, seed ${run.seed}`), element("p", {}, run.resumed ? `goes on, ${counted(run.epochs, "epoch")} in all` : counted(run.epochs, "epoch")));
    return element(
      "section",
      { class: "left" },
      element("h2", {}, "Left from last time"),
      element("p", {}, `${one ? "This run was" : `These ${runs.length} runs were`} not done when the app last ended.`),
      element("ul", {}, runs.map(line)),
      element(
        "div",
        { class: "choices" },
        element("button", { type: "button", class: "small", "data-name": "left add", onclick: this.addLeft }, one ? "Queue it again" : "Queue them again"),
        element("button", { type: "button", class: "small", "data-name": "left forget", onclick: this.forgetLeft }, one ? "Forget it" : "Forget them"),
      ),
    );
  }

  link(id, current, ...words) {
    return element("a", {
      href: `/train?job=${encodeURIComponent(id)}`,
      "aria-current": current ? "true" : null,
      "data-name": `look ${id}`,
      onclick: (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        this.look(id === "new" ? null : id);
      },
    }, ...words);
  }

  line(job, chosen) {
    const name = this.link(job.id, job.id === chosen, `${job.recipe}, seed ${job.seed}`);
    const isOn = job.status === "running" || job.status === "stopping";
    const progress = isOn ? element("progress", { max: job.epochs, value: job.epochs_done, "aria-label": `Epochs of ${job.recipe}, seed ${job.seed}` }) : null;
    return element("li", { class: job.status }, element("div", { class: "who" }, name, this.button(job)), progress, element("p", {}, inWords(job)));
  }

  button(job) {
    if (!["waiting", "running"].includes(job.status)) return null;
    const word = job.status === "waiting" ? "Take out" : "Stop";
    return element("button", { type: "button", class: "small", "data-name": `stop ${job.id}`, "aria-label": `${word}: ${job.recipe}, seed ${job.seed}`, onclick: () => this.stop(job) }, word);
  }
}

// The jobs that ended, without those whose run went on by a later one: a run stands here once.
function lastOfEachRun({ running, waiting, ended }) {
  const later = new Set([running, ...waiting].filter((job) => job !== null).map((job) => job.run));
  return ended.filter((job) => {
    if (job.run === null) return true;
    const isLast = !later.has(job.run);
    later.add(job.run);
    return isLast;
  });
}

function inWords(job) {
  const accuracy = job.last_accuracy === null ? "" : `, ${percent(job.last_accuracy)}`;
  if (job.status === "running") return `epoch ${Math.min(job.epochs_done + 1, job.epochs)} of ${job.epochs}${accuracy}`;
  if (job.status === "waiting") return counted(job.epochs, "epoch");
  if (job.status === "finished") return `${counted(job.epochs_done, "epoch")}${accuracy}`;
  const done = job.epochs_done > 0 ? ` after ${counted(job.epochs_done, "epoch")}` : "";
  return `${statusInWords(job.status)}${job.status === "stopping" ? "" : done}${accuracy}`;
}
