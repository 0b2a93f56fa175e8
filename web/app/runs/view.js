// What is looked at: filters, order, chosen runs. All of it is in the address, so that a link or a reload shows the same.

import { keepRoom } from "../rooms.js";

export const FILTERS = ["text", "recipe", "judged", "data", "status", "suite"];
const FIRST_ORDER = "-started";

export class View {
  constructor(changed) {
    this.changed = changed;
    this.read();
    keepRoom();
    addEventListener("popstate", () => {
      this.read();
      keepRoom();
      changed("all");
    });
  }

  read() {
    const query = new URLSearchParams(location.search);
    this.filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
    this.order = query.get("sort") ?? FIRST_ORDER;
    this.chosen = new Set((query.get("compare") ?? "").split(",").filter((id) => id !== ""));
  }

  write() {
    const query = new URLSearchParams();
    for (const name of FILTERS) if (this.filters[name] !== "") query.set(name, this.filters[name]);
    if (this.order !== FIRST_ORDER) query.set("sort", this.order);
    if (this.chosen.size > 0) query.set("compare", [...this.chosen].join(","));
    const text = query.toString();
    history.replaceState(null, "", text ? `?${text}` : location.pathname);
    keepRoom();
  }

  get isFiltered() {
    return FILTERS.some((name) => this.filters[name] !== "");
  }

  filter(name, value) {
    this.filters[name] = value;
    this.write();
    this.changed("filter");
  }

  clearFilters() {
    for (const name of FILTERS) this.filters[name] = "";
    this.write();
    this.changed("all");
  }

  // The column's own direction first, then the other.
  sortBy(column, first) {
    const [name, falling] = [this.order.replace(/^-/, ""), this.order.startsWith("-")];
    const falls = name === column ? !falling : first === "falling";
    this.order = `${falls ? "-" : ""}${column}`;
    this.write();
    this.changed("order");
  }

  choose(id, is) {
    if (is) this.chosen.add(id);
    else this.chosen.delete(id);
    this.write();
    this.changed("chosen");
  }

  chooseOnly(ids) {
    this.chosen = new Set(ids);
    this.write();
    this.changed("chosen");
  }
}

// Every word of the text must be somewhere in the run's names; a number must begin one of theirs, so that 12 is not found in
// every date.
export function passes(run, filters) {
  const words = filters.text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const names = [run.path, run.recipe, run.entry, run.suite, run.group, `seed ${run.seed}`, run.status].filter(Boolean).join(" ").toLowerCase();
  const has = (word) => (/^\d+$/.test(word) ? new RegExp(`(?<!\\d)${word}`).test(names) : names.includes(word));
  return words.every(has)
    && is(filters.recipe, run.group ?? run.recipe) && is(filters.judged, run.judged_on) && is(filters.data, run.data)
    && is(filters.status, run.status) && is(filters.suite, run.suite ?? "");
}

function is(wanted, value) {
  return wanted === "" || wanted === value;
}
