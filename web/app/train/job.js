// One run, live: how far it is, its curves, its epochs, what it takes for what.

import { element } from "../../worksheet/elements.js";
import { Epochs } from "./epochs.js";
import { Picture } from "./pictures.js";
import { Progress } from "./progress.js";
import { counted, JUDGED_ON, percent, statusInWords, thousands } from "./words.js";

const CURVES_PAUSE = 1000;
const PICTURES_PAUSE = 2000;
// As many as the style sheet shows at first.
const FEW_MISTAKES = 14;
// A burst of past events is announced as its last one.
const ANNOUNCE_AFTER = 700;

export class JobView {
  // `act` has stop(job), resume(job) and look(id); `say` announces.
  constructor(place, act, say) {
    Object.assign(this, { place, act, say, id: null, job: null, frame: null, announcement: null });
    this.title = element("h2", { id: "job-heading", tabindex: "-1" });
    this.state = element("p", { class: "subtitle" });
    this.notice = element("p", { class: "notice", hidden: true });
    this.buttons = element("div", { class: "buttons" });
    this.progress = new Progress();
    this.epochs = new Epochs();
    const pictured = (name, title, pause, className) => {
      const place = element("div", { class: className });
      const section = element("section", { class: `part of-${name}`, hidden: true }, element("h3", {}, title), place);
      return { section, picture: new Picture(name, place, pause, (is) => this.showPart(section, is)) };
    };
    this.curves = pictured("curves", "Curves", CURVES_PAUSE, "");
    this.classes = pictured("classes", "What was taken for what", PICTURES_PAUSE, "");
    this.mistakes = pictured("mistakes", "Not recognised", PICTURES_PAUSE, "clipped");
    this.all = element("button", { type: "button", "aria-expanded": "false", onclick: () => this.toggleMistakes() }, "Show all");
    this.mistakes.section.append(this.all);
    this.table = element("section", { class: "part", hidden: true }, element("h3", {}, "Epoch by epoch"), this.epochs.node);
    place.append(element("div", { class: "job-head" }, element("div", {}, this.title, this.state), this.buttons), this.notice, this.progress.node,
      this.curves.section, this.table, this.classes.section, this.mistakes.section);
  }

  get pictures() {
    return [this.curves, this.classes, this.mistakes].map(({ picture }) => picture);
  }

  // Another job, or none: what is shown of the one before goes.
  show(id) {
    if (id === this.id) return;
    Object.assign(this, { id, job: null });
    clearTimeout(this.announcement);
    this.progress.clear();
    this.epochs.clear("test");
    this.table.hidden = true;
    this.title.textContent = "";
    this.state.textContent = "";
    this.notice.hidden = true;
    this.buttons.replaceChildren();
    for (const picture of this.pictures) picture.clear(id);
  }

  // The queue's word on this job, null where it knows it no more; `later` is the job by which the same run went on since.
  update(job, ahead, later) {
    this.job = job;
    this.progress.node.hidden = !this.progress.begun && job?.status !== "running";
    if (!job) {
      this.title.textContent = "A run of before";
      this.state.textContent = "";
      this.buttons.replaceChildren();
      this.tell("The server no longer has this run in its queue. If it began, it is among the ", element("a", { href: "/runs" }, "runs"), ".");
      return;
    }
    this.title.textContent = `${job.recipe}, seed ${job.seed}`;
    const status = job.status === "waiting" && ahead > 0 ? `waiting for ${counted(ahead, "run")} before it` : statusInWords(job.status);
    this.state.textContent = `${status}; ${thousands(job.parameters)} parameters, ${counted(job.epochs, "epoch")}, judged on ${JUDGED_ON[job.judged_on]}`;
    if (job.message) this.tell(job.message);
    else this.notice.hidden = true;
    this.furnish(job, later);
    this.soon();
  }

  tell(...words) {
    this.notice.hidden = false;
    this.notice.replaceChildren(...words);
  }

  // What can be done with it; focus stays on a button that stays.
  furnish(job, later) {
    const run = job.run === null ? null : encodeURIComponent(job.run);
    const isOver = !["waiting", "running", "stopping"].includes(job.status);
    const button = (name, words, on, className) => element("button", { type: "button", "data-name": name, class: className ?? null, onclick: on, disabled: job.status === "stopping" }, words);
    const link = (name, words, href, opens) => element("a", { class: "button", "data-name": name, href, target: opens ? "_blank" : null }, words);
    const goOn = () => (later
      ? button("later", "It went on since", () => this.act.look(later.id))
      : button("resume", "Resume", () => this.act.resume(job), "primary"));
    const wanted = [
      job.status === "waiting" ? button("stop", "Take out", () => this.act.stop(job)) : null,
      job.status === "running" || job.status === "stopping" ? button("stop", job.status === "stopping" ? "Stopping…" : "Stop and keep", () => this.act.stop(job)) : null,
      isOver && job.resumable && run ? goOn() : null,
      isOver && run && job.has_report ? link("report", "Open the report", `/runs/${run}/report`, true) : null,
      isOver && run && job.epochs_done > 0 && job.status !== "diverged" ? link("draw", "Draw with this model", `/draw?model=${run}`) : null,
    ].filter((item) => item !== null);
    const state = `${job.status} ${job.run} ${job.resumable} ${job.has_report} ${job.epochs_done > 0} ${later?.id}`;
    if (state === this.furnished && this.buttons.childNodes.length === wanted.length) return;
    this.furnished = state;
    const focused = this.buttons.contains(document.activeElement);
    this.buttons.replaceChildren(...wanted);
    if (focused) (wanted.find((item) => !item.disabled) ?? this.title).focus();
  }

  hear(kind, data) {
    if (kind === "begun") {
      this.progress.begun = data;
      if (this.epochs.isEmpty) this.epochs.clear(data.judged_on);
      this.progress.node.hidden = false;
    } else if (kind === "point") {
      this.progress.point = data;
      this.curves.picture.refresh();
    } else if (kind === "epoch") {
      this.progress.epoch = data;
      this.epochs.add(data);
      this.table.hidden = false;
      for (const picture of this.pictures) picture.refresh();
      const of = this.progress.begun ? ` of ${this.progress.begun.epochs}` : "";
      this.announce(`Epoch ${data.epoch}${of}: ${percent(data.accuracy)} right, ${counted(data.errors, "error")}.`);
    } else if (kind === "ended") {
      for (const picture of this.pictures) picture.refresh();
      const { epoch } = this.progress;
      this.announce(`The run is ${statusInWords(data.status)}.${epoch ? ` ${percent(epoch.accuracy)} right after epoch ${epoch.epoch}.` : ""}`);
    }
    this.soon();
  }

  announce(words) {
    clearTimeout(this.announcement);
    this.announcement = setTimeout(() => this.say(words), ANNOUNCE_AFTER);
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.progress.show(this.job);
      this.epochs.show();
    });
  }

  showPart(section, is) {
    section.hidden = !is;
    this.all.hidden = this.mistakes.picture.place.querySelectorAll("li").length <= FEW_MISTAKES;
  }

  toggleMistakes() {
    const { place } = this.mistakes.picture;
    const clipped = place.classList.toggle("clipped");
    this.all.textContent = clipped ? "Show all" : "Show fewer";
    this.all.setAttribute("aria-expanded", String(!clipped));
  }
}
