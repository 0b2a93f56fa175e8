// Sentences of the program, which write `so` what is typed or stands in a file: here it is shown as code.

import { element } from "../worksheet/elements.js";

// The sentence as texts and elements.
export function prose(text) {
  // Every other piece stood between marks; a mark that is alone stays what it is.
  return text.split(/`([^`]+)`/).map((piece, place) => (place % 2 === 1 ? element("code", {}, piece) : piece)).filter((piece) => piece !== "");
}
