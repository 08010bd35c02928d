// Steps 4 and 5: what a kind of record becomes, and which Aha! status goes with each state.
import { button, colourDot, fill, forReaders, h } from "./dom.js";
import { defaultFields } from "./default_fields.js";
import { choice, field, textInput } from "./fields.js";
import { categoryName, count } from "./format.js";
import { escapePointer, proposals } from "./model.js";

const WORDS = {
  feature: { one: "feature", many: "features", usual: ["Feature", "Epic"] },
  requirement: { one: "requirement", many: "requirements", usual: ["User Story", "Product Backlog Item", "Requirement", "Issue"] },
};

export function mappingStep(state, kind) {
  const place = h("div", { class: "step-body" });
  const show = () => {
    if (!place.contains(document.activeElement)) render(state, kind, place);
  };
  render(state, kind, place);
  state.on("project", () => {
    suggestType(state, kind);
    show();
  });
  state.on("aha", () => {
    propose(state, kind);
    show();
  });
  state.on(`types-${kind}`, () => render(state, kind, place));
  return place;
}

const typesOf = (state) => state.project?.work_item_types ?? [];
const typeOf = (state, kind) => typesOf(state).find((type) => type.name === state.draft[kind].work_item_type);
const statusesOf = (state, kind) => state.aha?.[`${kind}_statuses`] ?? [];

/** Where nothing was chosen yet, the type that most projects use for this. */
function suggestType(state, kind) {
  const mapping = state.draft[kind];
  if (mapping.work_item_type) return;
  const type = WORDS[kind].usual.map((name) => typesOf(state).find((one) => one.name === name)).find(Boolean);
  if (!type) return;
  mapping.work_item_type = type.name;
  state.proposed[kind].add("type");
  propose(state, kind);
  state.changed("draft");
}

/** Proposes a status for each state, where none is mapped at all. */
function propose(state, kind, isForced = false) {
  const type = typeOf(state, kind);
  const mapping = state.draft[kind].status_mapping;
  if (!type || (!isForced && Object.keys(mapping).length)) return;
  for (const [name, status] of Object.entries(proposals(type.states, statusesOf(state, kind)))) {
    if (mapping[name]) continue;
    mapping[name] = status;
    state.proposed[kind].add(name);
  }
  state.changed("draft");
}

function render(state, kind, place) {
  const mapping = state.draft[kind];
  const words = WORDS[kind];
  const types = typesOf(state);
  const pointer = `/${kind}/work_item_type`;
  const changeType = (name) => {
    mapping.work_item_type = name;
    state.proposed[kind].clear();
    mapping.status_mapping = kept(mapping.status_mapping, typeOf(state, kind));
    propose(state, kind);
    state.changed("types");
    render(state, kind, place);
    document.getElementById(`type-${kind}`)?.focus();
  };
  const label = `A ${words.one} becomes a work item of the type`;
  const typeField = types.length
    ? field(label, choice(mapping.work_item_type, types.map((type) => ({ value: type.name, text: type.name })), changeType,
      { id: `type-${kind}`, foreign: "(not in this project)" }),
    { pointer, note: state.proposed[kind].has("type") ? "(proposed)" : "" })
    : field(label, textInput(mapping.work_item_type, (text) => {
      mapping.work_item_type = text.trim();
      state.changed("draft");
    }, { id: `type-${kind}` }), { pointer, hint: "Choose the project first: then you choose the type from a list." });
  fill(place, typeField, states(state, kind, place), defaultFields(state, kind, typeOf(state, kind)));
}

/** Of a mapping, what another type has states for. */
const kept = (mapping, type) =>
  Object.fromEntries(Object.entries(mapping).filter(([name]) => type?.states.some((one) => one.name === name)));

function states(state, kind, place) {
  const type = typeOf(state, kind);
  const mapping = state.draft[kind].status_mapping;
  const known = type?.states ?? Object.keys(mapping).map((name) => ({ name, category: "", color: "" }));
  const unknown = type ? Object.keys(mapping).filter((name) => !type.states.some((one) => one.name === name)) : [];
  if (!known.length) return null;
  const list = `statuses-${kind}`;
  const statuses = statusesOf(state, kind);
  const isEveryMapped = known.every((one) => mapping[one.name]);
  return h("fieldset", {},
    h("legend", {}, "When engineers change the state, Aha! shows"),
    h("p", { class: "hint" }, statuses.length
      ? "A state without a status changes nothing in Aha!."
      : "Type the names of the statuses as Aha! has them, or connect Aha! in step 3 to choose them. A state without a status "
        + "changes nothing."),
    h("div", { class: "states" }, known.map((one) => stateRow(state, kind, one, list)),
      unknown.map((name) => stateRow(state, kind, { name, category: "", color: "", isUnknown: true }, list))),
    h("datalist", { id: list }, [...new Set(Object.values(mapping))].map((name) => h("option", { value: name }))),
    statuses.length && type && !isEveryMapped ? h("div", { class: "row" }, button("Propose the missing ones", () => {
      propose(state, kind, true);
      render(state, kind, place);
    })) : null);
}

function stateRow(state, kind, one, list) {
  const mapping = state.draft[kind].status_mapping;
  const chip = h("span", { class: "chip" }, "proposed");
  chip.hidden = !state.proposed[kind].has(one.name);
  const changeTo = (value) => {
    if (value.trim()) mapping[one.name] = value.trim();
    else delete mapping[one.name];
    state.proposed[kind].delete(one.name);
    chip.hidden = true;
    state.changed("draft");
  };
  const statuses = statusesOf(state, kind);
  const control = statuses.length
    ? choice(nameOf(mapping[one.name], statuses), statuses.map((status) => ({ value: status.name, text: status.name })), changeTo,
      { empty: "No status: leave Aha! alone", foreign: "(not a status of the product)" })
    : textInput(mapping[one.name], changeTo, { list, placeholder: "No status" });
  const category = one.isUnknown ? "not a state of this type any more" : categoryName(one.category);
  const row = field([colourDot(one.color), h("span", { class: "state-name" }, one.name),
    category ? h("span", { class: "category" }, forReaders("category "), category) : null], control,
  { pointer: `/${kind}/status_mapping/${escapePointer(one.name)}` });
  row.classList.add("state");
  row.append(chip);
  return row;
}

/** A mapping may name a status by its id. */
const nameOf = (value, statuses) => statuses.find((status) => status.id === value)?.name ?? value ?? "";

/** How many states of a kind have a status, in words. */
export function mappedWords(state, kind) {
  const mapped = Object.keys(state.draft[kind].status_mapping).length;
  const all = typeOf(state, kind)?.states.length;
  return all ? `${mapped} of ${count(all, "state")} mapped` : `${count(mapped, "state")} mapped`;
}
