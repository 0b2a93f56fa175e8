// What was found in workbooks, kept for this tab; the oldest first.

const KEPT_AS = "longhand.by_hand.tries";

export class Tries {
  constructor() {
    try {
      this.kept = JSON.parse(sessionStorage.getItem(KEPT_AS)) ?? [];
    } catch {
      // A browser that keeps nothing, or something else's words.
      this.kept = [];
    }
  }

  keep(name, report) {
    // The report as text is for programs.
    this.kept.push({ name, report: { ...report, text: undefined } });
    this.write();
  }

  forget() {
    this.kept = [];
    this.write();
  }

  // A browser keeps some five million characters: the oldest go first.
  write() {
    while (!this.isWritten() && this.kept.length > 0) this.kept.shift();
  }

  isWritten() {
    try {
      sessionStorage.setItem(KEPT_AS, JSON.stringify(this.kept));
      return true;
    } catch {
      return false;
    }
  }
}
