// Elements made in one line.

const SVG = "http://www.w3.org/2000/svg";

// An HTML element; attributes whose value is null or false are left out, true stands for an empty one.
export function element(name, attributes = {}, ...children) {
  return furnished(document.createElement(name), attributes, children);
}

// An SVG element.
export function drawn(name, attributes = {}, ...children) {
  return furnished(document.createElementNS(SVG, name), attributes, children);
}

function furnished(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// A <math> element around MathML that came with the worksheet.
export function mathElement(mathMl) {
  const template = document.createElement("template");
  template.innerHTML = `<math>${mathMl}</math>`;
  return template.content.firstChild;
}

// The elements of a piece of HTML that came with the worksheet.
export function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Sets an attribute only where it changes.
export function setAttribute(target, name, value) {
  if (value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== String(value)) target.setAttribute(name, value);
}
