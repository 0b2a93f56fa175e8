// Reads the data and puts the page together.

import { Model } from "./model.js";
import { Diagram, diagramHint } from "./diagram.js";
import { Curves, Probe } from "./curves.js";
import { Bar, Given, Samples, showNotice } from "./controls.js";
import { ChainPanel } from "./chain.js";
import { RowsTable } from "./table.js";
import { DerivationPanel } from "./derivation.js";

const byId = (id) => document.getElementById(id);

function start() {
  const data = JSON.parse(byId("worksheet-data").textContent);
  const model = new Model(data);
  byId("description").textContent = data.description;
  document.title = `Back-propagation by hand: ${data.description}`;

  new Bar(byId("bar"), model);
  new Given(byId("given"), model);
  new Samples(byId("samples"), model);
  new ChainPanel(byId("chain"), model);
  new Diagram(byId("diagram"), model);
  byId("network").append(hint(model));
  new Curves(byId("curves"), model);
  new RowsTable(byId("table"), model);
  new DerivationPanel(byId("derivation"), model);
  new Probe(byId("probe"), model);

  if (!model.isReadable) {
    document.querySelector(".lead .on-screen").textContent = "Move through the rows to watch it learn, change any number "
      + "and everything is worked out again.";
  }

  const show = () => {
    showNotice(byId("notice"), model);
    const where = `row ${model.row}, learning rate ${model.rate}`;
    for (const place of document.querySelectorAll("h2 > .where")) place.textContent = where;
  };
  model.listen((change) => {
    if (change === "numbers" || change === "row") show();
  });
  show();
  document.documentElement.classList.add("ready");
  return model;
}

function hint(model) {
  const line = document.createElement("p");
  line.className = "hint on-screen";
  line.append(diagramHint(model));
  return line;
}

// For what a page puts around the worksheet.
export const model = start();
