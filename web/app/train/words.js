// Numbers as people read them.

const GROUPED = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const NO_BREAK = "\u00a0";

export function thousands(number) {
  return GROUPED.format(number);
}

export function counted(number, noun) {
  return `${thousands(number)} ${noun}${number === 1 ? "" : "s"}`;
}

// What JSON cannot write, such as the loss of a network that diverged, comes as null.
const NOT_A_NUMBER = "not a number";

export function decimal(number, decimals = 4) {
  return Number.isFinite(number) ? number.toFixed(decimals) : NOT_A_NUMBER;
}

// A share of one as a percentage.
export function percent(share, decimals = 2) {
  if (!Number.isFinite(share)) return NOT_A_NUMBER;
  return `${(100 * share).toFixed(decimals)}${NO_BREAK}%`;
}

export function bytes(number) {
  const [size, unit] = number < 1e6 ? [number / 1e3, "kB"] : number < 1e9 ? [number / 1e6, "MB"] : [number / 1e9, "GB"];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)}${NO_BREAK}${unit}`;
}

// A length of time, as exact as is of use: 8.4 s, 42 s, 4 min 10 s, 1 h 20 min.
export function duration(seconds) {
  if (seconds < 10) return `${Math.max(seconds, 0.1).toFixed(1)}${NO_BREAK}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${NO_BREAK}s`;
  const [big, small, units] = whole < 3600 ? [whole / 60, whole % 60, ["min", "s"]] : [whole / 3600, Math.round((whole % 3600) / 60), ["h", "min"]];
  const first = `${Math.floor(big)}${NO_BREAK}${units[0]}`;
  return small > 0 && small < 60 && big < 100 ? `${first} ${small}${NO_BREAK}${units[1]}` : first;
}

// What is left, without a false show of exactness.
export function roughly(seconds) {
  if (seconds < 5) return "a few seconds";
  if (seconds < 60) return `${5 * Math.round(seconds / 5)}${NO_BREAK}s`;
  if (seconds < 600) return duration(10 * Math.round(seconds / 10));
  return duration(60 * Math.round(seconds / 60));
}

// Three digits that count.
export function significant(number) {
  if (!Number.isFinite(number)) return NOT_A_NUMBER;
  if (number === 0) return "0";
  const text = Number(number.toPrecision(3));
  return Math.abs(text) >= 1e-4 && Math.abs(text) < 1e6 ? String(text) : text.toExponential().replace("e-", "e−");
}

export const JUDGED_ON = { test: "test images", validation: "validation images" };

const STATUS = {
  waiting: "waiting",
  running: "running",
  stopping: "stopping after this step",
  finished: "finished",
  stopped: "stopped",
  interrupted: "stopped",
  diverged: "diverged",
  failed: "failed",
  lost: "lost: its program ended",
};

export function statusInWords(status) {
  return STATUS[status] ?? status;
}
