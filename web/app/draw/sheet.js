// What is on the sheet of paper: strokes over a ground (bare paper, a picture, an image of the test set). Everything
// done can be undone, clearing too.

export class Sheet {
  constructor() {
    this.done = [];
    this.undone = [];
    this.listeners = [];
    // Said behind the number of a test image where the images are not MNIST's.
    this.imagesOf = "";
  }

  // Calls `listener` with what changed: "stroke" (one goes on) or "sheet" (anything else).
  listen(listener) {
    this.listeners.push(listener);
  }

  announce(change) {
    for (const listener of this.listeners) listener(change);
  }

  // Puts a ground {kind: "bare" | "picture" | "image", …} down; nothing that was drawn before shows through.
  put(ground) {
    // Leafing through images is one step, not many.
    const last = this.done[this.done.length - 1];
    if (ground.kind === "image" && last?.kind === "image") this.done.pop();
    this.done.push(ground);
    this.undone = [];
    this.announce("sheet");
  }

  // Puts what was kept of another sheet in the place of all of this one.
  restore(steps) {
    this.done = steps.filter(({ kind }) => kind !== "bare");
    this.undone = [];
    this.announce("sheet");
  }

  clear() {
    if (!this.isEmpty) this.put({ kind: "bare" });
  }

  begin(point) {
    this.done.push({ kind: "stroke", points: [point] });
    this.undone = [];
    this.announce("stroke");
  }

  // Carries the last stroke on.
  extend(points) {
    this.done[this.done.length - 1].points.push(...points);
    this.announce("stroke");
  }

  undo() {
    if (!this.canUndo) return;
    this.undone.push(this.done.pop());
    this.announce("sheet");
  }

  redo() {
    if (!this.canRedo) return;
    this.done.push(this.undone.pop());
    this.announce("sheet");
  }

  get canUndo() {
    return this.done.length > 0;
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  get groundAt() {
    return this.done.findLastIndex(({ kind }) => kind !== "stroke");
  }

  get ground() {
    return this.done[this.groundAt] ?? { kind: "bare" };
  }

  get strokes() {
    return this.done.slice(this.groundAt + 1);
  }

  get isEmpty() {
    return this.ground.kind === "bare" && this.strokes.length === 0;
  }

  // The test image that lies on the paper, drawn over or not.
  get imageShown() {
    return this.ground.kind === "image" ? this.ground : null;
  }

  // In words, for those who do not see the paper.
  get described() {
    const { ground } = this;
    const count = this.strokes.length;
    const strokes = count === 1 ? "one stroke" : `${count} strokes`;
    if (ground.kind === "image") return `Test image no. ${ground.index}${this.imagesOf}${count ? `, with ${strokes} over it` : ""}.`;
    if (ground.kind === "picture") return `The picture ${ground.name}${count ? `, with ${strokes} over it` : ""}.`;
    return "";
  }

  // The same for the name of the paper itself.
  get describedAsName() {
    const count = this.strokes.length;
    if (this.isEmpty) return "Paper to draw on, empty";
    if (this.ground.kind === "bare") return `Paper to draw on, with ${count === 1 ? "one stroke" : `${count} strokes`}`;
    return `Paper to draw on: ${this.described}`;
  }
}
