// Values that a new work item gets in addition to title, description and area; required fields first.
import { button, fill, h } from "./dom.js";
import { field, onEnter, textInput } from "./fields.js";
import { escapePointer } from "./model.js";

/** A field for each required field of the type, and a row for each other default field. */
export function defaultFields(state, kind, type) {
  const values = state.draft[kind].default_fields;
  const required = type?.required_fields ?? [];
  const isRequired = (name) => required.some((one) => one.reference_name === name);
  const more = h("div", {});
  const showMore = () => fill(more,
    Object.keys(values).filter((name) => !isRequired(name)).map((name) => extraRow(state, kind, name, showMore)));
  showMore();
  const isOpen = required.length > 0 || Object.keys(values).length > 0;
  return h("details", { class: "defaults", open: isOpen },
    h("summary", {}, "Default fields", required.length ? h("span", { class: "chip warn" }, `${required.length} required`) : null),
    h("p", { class: "hint" }, "These values are written only when a work item is created."),
    required.map((one) => requiredRow(state, kind, one)), more, adder(state, kind, showMore));
}

function requiredRow(state, kind, one) {
  const values = state.draft[kind].default_fields;
  const control = textInput(values[one.reference_name], (text) => {
    if (text.trim()) values[one.reference_name] = text.trim();
    else delete values[one.reference_name];
    state.changed("draft");
  }, { required: true, "aria-required": "true" });
  return field(one.name, control, {
    pointer: `/${kind}/default_fields/${escapePointer(one.reference_name)}`, note: "(required)",
    hint: `Azure DevOps requires it for work items of this type (${one.reference_name}).`,
  });
}

function extraRow(state, kind, name, showAgain) {
  const values = state.draft[kind].default_fields;
  const control = textInput(values[name], (text) => {
    values[name] = text;
    state.changed("draft");
  });
  const row = field(name, control, { pointer: `/${kind}/default_fields/${escapePointer(name)}` });
  row.append(button("Remove", () => {
    delete values[name];
    state.changed("draft");
    showAgain();
  }, "quiet", { "aria-label": `Remove ${name}` }));
  row.classList.add("with-button");
  return row;
}

function adder(state, kind, showAgain) {
  const name = textInput("", () => {}, { id: `new-field-${kind}`, placeholder: "Custom.Team" });
  const added = field("Add a field by its reference name", name, { pointer: `/${kind}/default_fields` });
  const add = () => {
    const wanted = name.value.trim();
    if (!wanted) {
      name.focus();
      return;
    }
    state.draft[kind].default_fields[wanted] ??= "";
    name.value = "";
    showAgain();
    added.parentElement.querySelector(`[data-pointer="${CSS.escape(`/${kind}/default_fields/${escapePointer(wanted)}`)}"]`)?.focus();
  };
  onEnter(name, add);
  added.append(button("Add", add));
  added.classList.add("with-button");
  return added;
}

/** The required fields of a kind that have no value yet. */
export function missingDefaults(state, kind) {
  const { work_item_type: name, default_fields: values } = state.draft[kind];
  const type = state.project?.work_item_types.find((one) => one.name === name);
  return (type?.required_fields ?? []).filter((one) => values[one.reference_name] === undefined || values[one.reference_name] === "")
    .map((one) => ({ pointer: `/${kind}/default_fields/${escapePointer(one.reference_name)}`, words: `the field ${one.name}` }));
}
