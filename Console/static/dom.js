// Create elements. Children that are strings are added as text, never as HTML.

/** An element. Properties: `class`, `on…` for listeners, `dataset`; true, false and null set or leave out attributes. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replaces the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text for screen readers only. */
export function forReaders(text) {
  return h("span", { class: "for-readers" }, text);
}

/** A link that opens in a new tab. An address that is not http(s) is shown as text. */
export function outwardLink(address, text) {
  if (!/^https?:\/\//i.test(address ?? "")) return document.createTextNode(text ?? "");
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text, forReaders(" (opens in a new tab)"));
}

/** A dot in a colour of six hexadecimal digits, with or without #. */
export function colourDot(colour) {
  const dot = h("span", { class: "dot", "aria-hidden": "true" });
  const digits = String(colour ?? "").replace("#", "");
  if (/^[0-9a-f]{6}$/i.test(digits)) dot.style.setProperty("--dot", `#${digits}`);
  return dot;
}

/** Announces a text to screen readers without moving the focus. */
export function announce(text) {
  document.getElementById("announcements").textContent = text;
}

/** A button; `kind` is primary, quiet, danger or empty. */
export function button(text, onclick, kind = "", properties = {}) {
  return h("button", { type: "button", class: kind, onclick, ...properties }, text);
}

/** Scrolls to a heading or a field and focuses it. */
export function goTo(element) {
  if (!element) return;
  if (!element.matches("input, select, textarea, button, a, summary, [tabindex]")) element.tabIndex = -1;
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: element.matches("h1, h2") ? "start" : "center", behavior: isCalm ? "auto" : "smooth" });
}

/** Renders a place again and returns the focus to the control with the same pointer. */
export function keepingFocus(place, render) {
  const pointer = place.contains(document.activeElement) ? document.activeElement.dataset.pointer : null;
  render();
  if (pointer) place.querySelector(`[data-pointer="${CSS.escape(pointer)}"]`)?.focus({ preventScroll: true });
}
