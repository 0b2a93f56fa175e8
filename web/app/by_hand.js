// The room By hand: the choice of network, the worksheet, its downloads, and the audit of somebody else's.

import { Choice } from "./by_hand/choice.js";
import { Numbers } from "./by_hand/numbers.js";
import { followNumbers, listenToDownloads } from "./by_hand/downloads.js";
import { listenForBooks } from "./by_hand/audit.js";

const choice = new Choice(document.getElementById("choice"));
listenToDownloads();
listenForBooks();

// The worksheet comes last: should it fail, the choice of another network must not.
const { model } = await import("../worksheet/main.js");
document.title = `${document.title} · Longhand`;
const numbers = new Numbers(model);
choice.follow(numbers);
followNumbers(numbers);
