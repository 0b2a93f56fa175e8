// The choice of a recipe: one line each, and what the chosen one is about.

import { element } from "../../worksheet/elements.js";
import { prose } from "../prose.js";
import { counted, thousands } from "./words.js";

export class Recipes {
  constructor(draft, recipes) {
    Object.assign(this, { draft, recipes });
    this.about = element("p", { id: "recipe-about", class: "about" });
    this.radios = recipes.map((recipe) => element("input", {
      type: "radio",
      name: "recipe",
      value: recipe.name,
      id: `recipe-${recipe.name}`,
      "aria-describedby": "recipe-about",
      onchange: () => draft.choose(recipe.name),
    }));
    const line = ({ name, parameters, epochs }, place) => element("label", { for: this.radios[place].id },
      this.radios[place],
      element("span", { class: "name" }, name),
      element("span", { class: "size" }, `${thousands(parameters)} parameters`),
      element("span", { class: "size" }, counted(epochs, "epoch")));
    this.node = element("fieldset", { class: "recipes" }, element("legend", {}, "Recipe"), element("div", { class: "lines" }, recipes.map(line)), this.about);
    draft.listen((what) => what === "recipe" && this.show());
    this.show();
  }

  show() {
    const at = this.recipes.findIndex((recipe) => recipe.name === this.draft.recipe);
    if (at < 0) return;
    this.radios[at].checked = true;
    this.about.replaceChildren(...prose(this.recipes[at].about));
  }
}
