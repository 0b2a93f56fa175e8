// Setting up a run: recipe, fields, network, and what they come to.

import { get, post } from "../api.js";
import { element } from "../../worksheet/elements.js";
import { Draft } from "./draft.js";
import { Fields } from "./fields.js";
import { Network } from "./network.js";
import { PlanPanel } from "./plan_panel.js";
import { Planner } from "./planner.js";
import { Recipes } from "./recipes.js";

const NARROW = "(max-width: 60rem)";

export class Setup {
  // `queued(job)` is called with the job that came of the button.
  constructor(place, queued) {
    Object.assign(this, { place, queued });
    this.draft = new Draft();
    this.fields = new Fields(this.draft);
    this.network = new Network(this.draft);
    this.panel = new PlanPanel(() => this.train());
    this.planner = new Planner(this.draft, { planned: (plan) => this.planned(plan), refused: (error) => this.refused(error) });
    this.begin();
  }

  async begin() {
    let recipes;
    try {
      recipes = await get("/api/recipes");
    } catch (error) {
      const again = element("button", { type: "button", onclick: () => this.begin() }, "Try again");
      this.place.replaceChildren(element("p", { class: "notice", role: "alert" }, `${error.message} `, again));
      return;
    }
    const { draft } = this;
    if (!recipes.some((recipe) => recipe.name === draft.recipe)) draft.choose(recipes[0].name);
    const form = element("form", { class: "form", autocomplete: "off", onsubmit: (event) => event.preventDefault() },
      new Recipes(draft, recipes).node, this.fields.common, this.judged(), this.fields.folded, this.fields.changes);
    const summary = element("summary", {}, element("h2", {}, "The network"));
    const network = element("details", { class: "network-part", open: !matchMedia(NARROW).matches }, summary, this.network.node);
    this.place.replaceChildren(element("div", { class: "columns" }, form, this.panel.node), network);
    this.planner.ask();
  }

  judged() {
    const { draft } = this;
    const radio = (value, title, words) => element("label", {},
      element("input", { type: "radio", name: "judged", value, checked: draft.judgedOn === value, onchange: () => draft.judgeOn(value) }),
      element("span", {}, element("span", { class: "name" }, title), " ", element("span", { class: "hint" }, words)));
    return element("fieldset", { class: "judged" }, element("legend", {}, "Judge each epoch on"),
      radio("test", "the test images:", "for a figure to quote, once all choices are made."),
      radio("validation", "held-out training images:", "for choosing between settings, so that the test stays unseen."));
  }

  planned(plan) {
    this.plan = plan;
    this.shown = this.draft.recipe;
    this.fields.update(plan);
    this.network.update(plan);
    this.panel.update(plan);
  }

  // Says what is wrong where it is wrong. A draft that was kept may be refused before there are fields, or with those of
  // another recipe.
  async refused(error) {
    if (this.shown !== this.draft.recipe && !(await this.showRecipe())) return;
    this.fields.forgive();
    this.network.refuse(null);
    this.panel.age();
    const field = error.field ?? (error.status === 422 ? this.draft.suspect : null);
    if (this.fields.refuse(field, error.message)) this.panel.refuse("A field cannot be as it is. It says why.");
    else if (this.network.isAt(field)) {
      this.place.querySelector(".network-part")?.setAttribute("open", "");
      this.network.refuse(error.message);
      this.panel.refuse("The network cannot be as it is. Its text says why.");
    } else this.panel.refuse(error.message);
  }

  // Shows the recipe as it is, with what was typed in its fields; false where a newer answer is on its way.
  async showRecipe() {
    const asked = this.planner.request;
    try {
      const plan = await post("/api/plan", { ...this.draft.order, changes: {} });
      if (this.planner.request === asked) this.planned(plan);
    } catch {
      // What was refused is said all the same.
    }
    return this.planner.request === asked;
  }

  async train() {
    const { button } = this.panel;
    if (button.disabled) return;
    button.disabled = true;
    try {
      this.queued(await post("/api/queue", this.draft.order));
    } catch (error) {
      if (error.status === 422) this.refused(error);
      else this.panel.refuse(error.message);
    } finally {
      button.disabled = false;
    }
  }
}
