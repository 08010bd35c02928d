// A row for each state: its colour, its category and its Aha! status.
import { colourDot, forReaders, h } from "./dom.js";
import { choice, field, textInput } from "./fields.js";
import { categoryName } from "./format.js";
import { escapePointer } from "./model.js";
import { isProposed, statusesOf, statusOf, USUAL_STATUSES } from "./proposals.js";

const listOf = (kind) => `statuses-${kind}`;

/** The names that are suggested while a status is typed. */
export const statusNames = (kind) =>
  h("datalist", { id: listOf(kind) }, USUAL_STATUSES.map(({ name }) => h("option", { value: name })));

/** A state of Azure DevOps: {name, category, color}; `isUnknown`: the type no longer has it. */
export function statusRow(state, kind, one) {
  const mapping = state.draft[kind].status_mapping;
  const statuses = statusesOf(state, kind);
  const chip = h("span", {});
  const mark = () => {
    const isForeign = statuses.length && mapping[one.name] && !statusOf(mapping[one.name], statuses);
    chip.className = isForeign ? "chip warn" : "chip";
    chip.textContent = isForeign ? "not in Aha!" : "proposed";
    chip.hidden = !isForeign && !isProposed(state, kind, one.name);
  };
  const changeTo = (value) => {
    state.choices[kind].decided.add(one.name);
    if (value.trim()) mapping[one.name] = value.trim();
    else delete mapping[one.name];
    mark();
    state.changed("draft");
  };
  mark();
  const row = field([colourDot(one.color), h("span", { class: "state-name" }, one.name), categoryOf(one)],
    statuses.length ? fromList(mapping[one.name], statuses, changeTo)
      : textInput(mapping[one.name], changeTo, { list: listOf(kind), placeholder: "No status" }),
    { pointer: `/${kind}/status_mapping/${escapePointer(one.name)}` });
  row.classList.add("state");
  row.append(chip);
  return row;
}

function fromList(value, statuses, changeTo) {
  const options = statuses.map((status) => ({ value: status.name, text: status.name }));
  return choice(statusOf(value, statuses)?.name ?? value ?? "", options, changeTo,
    { empty: "No status: do not change Aha!", foreign: "(not a status of the product)" });
}

function categoryOf({ isUnknown, category }) {
  const words = isUnknown ? "no longer a state of this type" : categoryName(category);
  return words ? h("span", { class: "category" }, forReaders("category "), words) : null;
}
