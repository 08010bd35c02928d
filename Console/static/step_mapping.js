// Steps 5 and 6: the work item type for a kind of record, and the Aha! status for each state.
import { button, fill, h, keepingFocus } from "./dom.js";
import { defaultFields, missingDefaults } from "./default_fields.js";
import { choice, field, goToField, textInput } from "./fields.js";
import { count } from "./format.js";
import { countProposed, proposable, proposeRest, proposeStatuses, proposeType, statusesOf, typeOf, typesOf } from "./proposals.js";
import { statusRow, statusNames } from "./status_rows.js";

export function mappingStep(state, kind) {
  const choices = () => state.choices[kind];
  const summary = h("summary", {});
  const place = h("div", { class: "mapping-body" });
  const details = h("details", { class: "mapping", open: !state.isNew && !choices().isUnseen, ontoggle: () => {
    if (!details.open || !choices().isUnseen) return;
    choices().isUnseen = false;
    state.changed("draft");
  } }, summary, place);
  const show = () => keepingFocus(place, () => render(state, kind, place));
  // New proposals are closed until a person opens them, unless the person is at this step.
  const propose = (...proposals) => {
    for (const one of proposals) one(state, kind);
    if (place.contains(document.activeElement)) choices().isUnseen = false;
    if (choices().isUnseen) details.open = false;
    show();
  };
  const showSummary = () => fill(summary, summaryOf(state, kind));
  show();
  showSummary();
  state.on("project", () => propose(proposeType, proposeStatuses));
  state.on("aha", () => propose(proposeStatuses));
  state.on("draft", showSummary);
  return h("div", { class: "step-body" }, details);
}

function summaryOf(state, kind) {
  const { work_item_type: type } = state.draft[kind];
  const empty = missingDefaults(state, kind).length;
  const proposed = countProposed(state, kind);
  if (!type) return h("span", { class: "soft" }, "Choose the project first. Then this page proposes a type and statuses.");
  return [h("span", {}, h("strong", {}, type), `, ${mappedWords(state, kind)}`),
    empty ? h("span", { class: "chip warn" }, `${count(empty, "required field")} empty`) : null,
    state.choices[kind].isUnseen ? h("span", { class: "chip" }, "proposed: open it and check")
      : proposed ? h("span", { class: "chip" }, "proposed, checked") : null];
}

function render(state, kind, place) {
  const mapping = state.draft[kind];
  const types = typesOf(state);
  const pointer = `/${kind}/work_item_type`;
  const id = `type-${kind}`;
  const changeType = (name) => {
    mapping.work_item_type = name;
    mapping.description_field = typeOf(state, kind)?.description_field ?? "";
    mapping.status_mapping = ofType(mapping.status_mapping, typeOf(state, kind));
    Object.assign(state.choices[kind], { isTypeProposed: false, isOpen: true, decided: new Set(Object.keys(mapping.status_mapping)) });
    proposeStatuses(state, kind);
    state.choices[kind].isUnseen = false;
    state.changed("draft");
    keepingFocus(place, () => render(state, kind, place));
  };
  const label = `A ${kind} becomes a work item of the type`;
  const typeField = types.length
    ? field(label, choice(mapping.work_item_type, types.map((type) => ({ value: type.name, text: type.name })), changeType,
      { id, foreign: "(not in this project)" }), { pointer, note: state.choices[kind].isTypeProposed ? "(proposed)" : "" })
    : field(label, textInput(mapping.work_item_type, (text) => {
      mapping.work_item_type = text.trim();
      state.changed("draft");
    }, { id }), { pointer, hint: "Choose the project first. Then you can choose the type from a list." });
  fill(place, typeField, descriptionField(state, kind), states(state, kind, place), defaultFields(state, kind, typeOf(state, kind)));
}

const DESCRIPTION_FIELDS = [
  { value: "System.Description", text: "Description" },
  { value: "Microsoft.VSTS.TCM.ReproSteps", text: "Repro Steps" },
];

/** A choice of the field for descriptions, for a type that has more than one, or that lacks the chosen one. */
function descriptionField(state, kind) {
  const mapping = state.draft[kind];
  const shown = typeOf(state, kind)?.description_field;
  if (!shown || (shown === "System.Description" && (mapping.description_field || shown) === shown)) return null;
  const control = choice(mapping.description_field, DESCRIPTION_FIELDS, (name) => {
    mapping.description_field = name;
    state.changed("draft");
  }, { id: `description-field-${kind}`, empty: "The usual field of the type" });
  const label = DESCRIPTION_FIELDS.find((one) => one.value === shown).text;
  return field("The description goes to", control,
    { pointer: `/${kind}/description_field`, hint: `The form of ${mapping.work_item_type} shows ${label}.` });
}

/** The part of a mapping for states of the type. */
const ofType = (mapping, type) =>
  Object.fromEntries(Object.entries(mapping).filter(([name]) => type?.states.some((one) => one.name === name)));

function states(state, kind, place) {
  const type = typeOf(state, kind);
  const mapped = Object.keys(state.draft[kind].status_mapping);
  const known = type?.states ?? mapped.map((name) => ({ name, category: "", color: "" }));
  const unknown = type ? mapped.filter((name) => !type.states.some((one) => one.name === name)) : [];
  if (!known.length) return null;
  const rest = type ? proposable(state, kind) : [];
  return h("fieldset", {},
    h("legend", {}, "When engineers change the state, Aha! shows"),
    h("p", { class: "hint" }, "A state without a status changes nothing in Aha!."),
    whereFrom(state, kind, place),
    h("div", { class: "states" }, known.map((one) => statusRow(state, kind, one)),
      unknown.map((name) => statusRow(state, kind, { name, category: "", color: "", isUnknown: true }))),
    statusNames(kind),
    rest.length ? h("div", { class: "row" }, button("Propose the missing ones", () => {
      proposeRest(state, kind);
      state.choices[kind].isUnseen = false;
      render(state, kind, place);
      place.querySelector(".states :is(select, input)")?.focus();
    })) : null);
}

/** While the statuses of the product are not known: explains the proposals and leads to the missing field. */
function whereFrom(state, kind, place) {
  if (statusesOf(state, kind).length) return null;
  const isConnected = Boolean(state.aha);
  const wanted = isConnected ? "/product_id" : state.draft.aha.url ? "/aha/api_token" : "/aha/url";
  return h("div", { class: "notice" },
    h("p", {}, "Type the statuses until Aha! is connected. The proposals are names that many Aha! accounts use; yours may "
      + "differ."),
    button(isConnected ? "Choose the Aha! product to choose from its statuses" : "Connect Aha! to choose from its statuses",
      () => goToField(place.closest("form"), wanted)));
}

/** How many states of a kind have a status, in words. */
export function mappedWords(state, kind) {
  const mapped = Object.keys(state.draft[kind].status_mapping).length;
  const all = typeOf(state, kind)?.states.length;
  return all ? `${mapped} of ${count(all, "state")} mapped` : `${count(mapped, "state")} mapped`;
}
