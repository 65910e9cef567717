// Elements, briefly.

/** Return the element with this id. */
export const $ = (id) => document.getElementById(id);

/** Make an element: `make("button", {class: "plain", onclick}, "text", child)`. */
export function make(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) node[key] = value;
    else if (value !== false && value != null) node.setAttribute(key, value === true ? "" : value);
  node.append(...children);
  return node;
}

/** Show text in a node only if it changed, so that a screen reader is left in peace. */
export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Give a node an attribute only if it changed, so that nothing is drawn anew; null takes it away. */
export function set(node, name, value) {
  if (node.getAttribute(name) === value) return;
  if (value === null) node.removeAttribute(name);
  else node.setAttribute(name, value);
}

/** Show words in which only <b> is markup. */
export function putWords(node, text) {
  if (node.dataset.words === text) return;
  node.dataset.words = text;
  const parts = text.split(/<\/?b>/);
  node.replaceChildren(...parts.map((part, i) => (i % 2 ? make("b", {}, part) : part)));
}

/** Return h:mm:ss of milliseconds. */
export function clock(ms) {
  const s = Math.floor(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}
