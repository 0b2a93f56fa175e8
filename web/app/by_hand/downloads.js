// Downloads that follow the numbers. They are fetched here first, so that a refusal can be read in its place.

import { Refused } from "../api.js";
import { readable } from "./numbers.js";

export function listenToDownloads() {
  for (const link of links()) link.addEventListener("click", (event) => take(event, link));
}

export function followNumbers(numbers) {
  numbers.listen(() => {
    const query = readable(numbers.queryWithRate());
    for (const link of links()) link.href = query === "" ? link.pathname : `${link.pathname}?${query}`;
  });
}

function links() {
  return document.querySelectorAll("#downloads a");
}

async function take(event, link) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const name = link.pathname.split("/").pop();
  const say = (text) => { document.getElementById("taken").textContent = text; };
  say(`Making ${name}…`);
  try {
    const response = await fetch(link.href);
    if (!response.ok) throw new Refused(await reason(response), response.status);
    save(await response.blob(), name);
    say(`${name} is made.`);
  } catch (error) {
    say(error instanceof Refused ? error.message : "The server does not answer. Is `longhand serve` still running?");
  }
}

async function reason(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `The server answered ${response.status} ${response.statusText}.`;
  }
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser needs it until it has begun to write.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
