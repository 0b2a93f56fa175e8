// What the person has chosen so far: a recipe, what is changed in it, what it is judged on. A reload keeps it.

const KEPT_AS = "longhand.train.draft";

export class Draft {
  constructor() {
    this.listeners = [];
    this.held = new Map();
    this.last = null;
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT_AS));
    } catch {
      // A browser that keeps nothing, or something else's words: begin anew.
    }
    this.recipe = kept?.recipe ?? null;
    this.judgedOn = kept?.judgedOn === "validation" ? "validation" : "test";
    // Each recipe has its own changes, so that looking at another loses nothing.
    this.changesOf = new Map(Object.entries(kept?.changesOf ?? {}).map(([recipe, changes]) => [recipe, new Map(Object.entries(changes))]));
  }

  listen(listener) {
    this.listeners.push(listener);
  }

  get changes() {
    if (!this.changesOf.has(this.recipe)) this.changesOf.set(this.recipe, new Map());
    return this.changesOf.get(this.recipe);
  }

  // The field that an error without a field is most likely about.
  get suspect() {
    return this.changes.has(this.last) ? this.last : null;
  }

  // As the server wants it.
  get order() {
    return { recipe: this.recipe, changes: Object.fromEntries(this.changes), judged_on: this.judgedOn };
  }

  choose(recipe) {
    this.held.clear();
    this.recipe = recipe;
    this.changed("recipe");
  }

  judgeOn(judgedOn) {
    this.judgedOn = judgedOn;
    this.changed("judged");
  }

  set(field, value) {
    this.last = field.key;
    if (this.isOriginal(field, value)) this.changes.delete(field.key);
    else this.changes.set(field.key, value);
    if (field.kind === "choice") this.holdBack(field.key);
    this.changed(field.kind === "choice" || field.kind === "switch" ? "choice" : "typed");
  }

  putBack(field) {
    this.changes.delete(field.key);
    if (field.kind === "choice") this.holdBack(field.key);
    this.changed("choice");
  }

  putAllBack() {
    this.held.clear();
    this.changes.clear();
    this.changed("recipe");
  }

  // A choice may decide which fields there are beside it. Their changes wait until a plan says whether they still exist.
  holdBack(key) {
    const dot = key.lastIndexOf(".");
    if (dot < 0) return;
    for (const [other, value] of [...this.changes]) {
      if (other === key || !other.startsWith(key.slice(0, dot + 1)) || value === null) continue;
      this.held.set(other, value);
      this.changes.delete(other);
    }
  }

  // Takes up what was held back as far as it fits; true if there was something.
  takeUp(fields) {
    const fitting = fields.filter((field) => this.held.has(field.key) && !this.isOriginal(field, this.held.get(field.key)));
    for (const field of fitting) this.changes.set(field.key, this.held.get(field.key));
    this.held.clear();
    if (fitting.length > 0) this.changed("choice");
    return fitting.length > 0;
  }

  changed(what) {
    const changesOf = Object.fromEntries([...this.changesOf].filter(([, changes]) => changes.size > 0).map(([recipe, changes]) => [recipe, Object.fromEntries(changes)]));
    try {
      sessionStorage.setItem(KEPT_AS, JSON.stringify({ recipe: this.recipe, judgedOn: this.judgedOn, changesOf }));
    } catch {
      // Nothing is kept then; the page works all the same.
    }
    for (const listener of this.listeners) listener(what);
  }

  // Whether leaving the field alone would come to the same. Under another type the rest of the group has other defaults.
  isOriginal(field, value) {
    const { key, kind, original } = field;
    const type = `${key.slice(0, key.lastIndexOf(".") + 1)}type`;
    if (original === null || original === undefined || (key !== type && this.changes.has(type))) return false;
    if (kind === "integer" || kind === "number") return String(value).trim() !== "" && Number(value) === original;
    if (kind === "layers") return String(value).trim() === String(original).trim();
    return value === original;
  }
}
