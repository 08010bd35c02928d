// Fields with labels, and errors next to their fields.
import { button, fill, goTo, h } from "./dom.js";

let count = 0;

/** A control with its label, its hint and a place for an error. `pointer` is the JSON pointer of its value in a PUT. */
export function field(label, control, { pointer, hint, note } = {}) {
  const id = control.id || `field-${++count}`;
  control.id = id;
  const fault = h("p", { class: "fault", id: `${id}-fault` });
  const described = [hint ? `${id}-hint` : "", `${id}-fault`].filter(Boolean).join(" ");
  control.setAttribute("aria-describedby", described);
  if (pointer) control.dataset.pointer = pointer;
  // Before the control's own listeners, which may show what is wrong with the new value.
  control.addEventListener("input", () => clearFault(control), { capture: true });
  return h("div", { class: "field" },
    h("label", { for: id }, label, note ? h("span", { class: "note" }, ` ${note}`) : null),
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null,
    control, fault);
}

export function textInput(value, oninput, properties = {}) {
  return h("input", {
    type: "text", value: value ?? "", autocomplete: "off", spellcheck: "false",
    oninput: (event) => oninput(event.target.value), ...properties,
  });
}

/** Calls `act` when a person has entered a value: when it was pasted, or when the field is left. */
export const onEntered = (input, act) => {
  input.addEventListener("input", (event) => event.inputType === "insertFromPaste" && act());
  input.addEventListener("change", act);
};

/** Calls `act` when Enter is pressed in an input. */
export const onEnter = (input, act) => input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  act();
});

/** A select. `options` are {value, text, isDisabled}. A value that is not among them is kept and marked with `foreign`. */
export function choice(value, options, onchange, { empty = "Choose…", foreign = "(not found)", ...properties } = {}) {
  const isForeign = value && !options.some((option) => option.value === value);
  return h("select", { onchange: (event) => onchange(event.target.value), ...properties },
    empty === null ? null : h("option", { value: "", selected: !value }, empty),
    isForeign ? h("option", { value, selected: true }, `${value} ${foreign}`) : null,
    options.map((option) => h("option", { value: option.value, selected: option.value === value, disabled: option.isDisabled }, option.text)));
}

export function clearFault(control) {
  control.removeAttribute("aria-invalid");
  const place = document.getElementById(`${control.id}-fault`);
  if (place) fill(place);
}

export function clearFaults(root) {
  for (const control of root.querySelectorAll("[aria-invalid]")) clearFault(control);
}

/** Shows an error, a text or nodes, next to the control of a pointer or of its nearest parent. Returns the control, or null. */
export function showFault(root, pointer, text) {
  for (let at = pointer; at; at = at.slice(0, at.lastIndexOf("/"))) {
    const control = root.querySelector(`[data-pointer="${CSS.escape(at)}"]`);
    const place = control && document.getElementById(`${control.id}-fault`);
    if (!place) continue;
    control.setAttribute("aria-invalid", "true");
    place.append(h("span", {}, at === pointer ? text : `${pointer.slice(at.length + 1)}: ${text}`));
    return control;
  }
  return null;
}

/** Shows every error of a request next to its field and moves the focus to the first. Returns the errors without a field. */
export function showFaults(root, faults) {
  clearFaults(root);
  const shown = faults.map((fault) => [fault, showFault(root, fault.pointer, sentence(fault.detail))]);
  const controls = shown.map(([, control]) => control).filter(Boolean);
  const inOrder = controls.sort((one, other) => (one.compareDocumentPosition(other) & 4 ? -1 : 1));
  goTo(inOrder[0]);
  return shown.filter(([, control]) => !control).map(([fault]) => fault);
}

/** The control of a pointer. Opens the details that contain it. */
export function reveal(form, pointer) {
  const control = form.querySelector(`[data-pointer="${CSS.escape(pointer)}"]`);
  for (let details = control?.closest("details"); details; details = details.parentElement.closest("details")) details.open = true;
  return control;
}

/** Moves the focus to the control of a pointer. */
export const goToField = (form, pointer) => goTo(reveal(form, pointer));

/** A link to the control of a pointer; without a pointer, to the switch in the review. */
export const linkTo = ({ pointer, words }) => button(words[0].toUpperCase() + words.slice(1),
  (event) => goToField(event.target.closest("form"), pointer ?? "/enabled"), "link");

function sentence(text) {
  if (typeof text !== "string") return text;
  const words = text.trim();
  return /^(must|is|has) /.test(words) ? `This ${words}${words.endsWith(".") ? "" : "."}` : words;
}
