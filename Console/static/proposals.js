// The page's proposals until a person decides: a type for each kind of record, and a status for each state.

const USUAL_TYPES = {
  feature: ["Feature", "Epic"],
  requirement: ["User Story", "Product Backlog Item", "Requirement", "Issue"],
};

/** Common status names, proposed while the statuses of the product are not known. */
export const USUAL_STATUSES = [
  { name: "Under consideration" }, { name: "In progress" }, { name: "Ready to ship" },
  { name: "Shipped", complete: true }, { name: "Will not implement", complete: true },
];

export const typesOf = (state) => state.project?.work_item_types ?? [];
export const typeOf = (state, kind) => typesOf(state).find((type) => type.name === state.draft[kind].work_item_type);
export const statusesOf = (state, kind) => state.aha?.[`${kind}_statuses`] ?? [];

/** The product's status with this id or name, in any case. */
export const statusOf = (value, statuses) =>
  statuses.find((status) => status.id === value || status.name.toLowerCase() === value?.toLowerCase());

/**
 * The choices for a kind: a person chose the statuses of the states in `decided`; `isOpen`: the page proposes the others;
 * `isUnseen`: nobody has opened the step since the page proposed something.
 */
export const undecided = (isOpen = true) => ({ decided: new Set(), isOpen, isTypeProposed: false, isUnseen: false });

/** Whether the status of a state is still a proposal. */
export const isProposed = (state, kind, name) =>
  Boolean(state.choices[kind].isOpen && !state.choices[kind].decided.has(name) && state.draft[kind].status_mapping[name]);

/** How many values of a kind are still proposals. */
export const countProposed = (state, kind) => Number(state.choices[kind].isTypeProposed)
  + Object.keys(state.draft[kind].status_mapping).filter((name) => isProposed(state, kind, name)).length;

/** Proposes the type that most projects use, if no type was chosen yet. */
export function proposeType(state, kind) {
  const mapping = state.draft[kind];
  if (mapping.work_item_type) return;
  const type = USUAL_TYPES[kind].map((name) => typesOf(state).find((one) => one.name === name)).find(Boolean);
  if (!type) return;
  mapping.work_item_type = type.name;
  mapping.description_field = type.description_field;
  Object.assign(state.choices[kind], { isTypeProposed: true, isUnseen: true });
  state.changed("draft");
}

/** Proposes a status for each state that a person has not chosen one for. Replaces earlier proposals. */
export function proposeStatuses(state, kind) {
  const { decided, isOpen } = state.choices[kind];
  const type = typeOf(state, kind);
  if (!isOpen || !type) return;
  const mapping = state.draft[kind].status_mapping;
  const found = proposed(state, kind);
  for (const { name } of type.states) {
    if (decided.has(name) || mapping[name] === found[name]) continue;
    if (found[name]) mapping[name] = found[name];
    else delete mapping[name];
    state.choices[kind].isUnseen = true;
  }
  state.changed("draft");
}

/** The states without a status of the product for which the page can propose one. */
export function proposable(state, kind) {
  const [mapping, statuses, found] = [state.draft[kind].status_mapping, statusesOf(state, kind), proposed(state, kind)];
  return Object.keys(found).filter((name) => !mapping[name] || (statuses.length && !statusOf(mapping[name], statuses)));
}

/** Proposes statuses for those states. */
export function proposeRest(state, kind) {
  const rest = proposable(state, kind);
  state.choices[kind] = { ...undecided(), decided: new Set(typeOf(state, kind).states.map((one) => one.name).filter((name) => !rest.includes(name))) };
  proposeStatuses(state, kind);
}

function proposed(state, kind) {
  const statuses = statusesOf(state, kind);
  return proposals(typeOf(state, kind)?.states ?? [], statuses.length ? statuses : USUAL_STATUSES);
}

/** A status for each state, by its category. States without a fitting status are left out. */
function proposals(states, statuses) {
  const open = statuses.filter((status) => !status.complete);
  const done = statuses.filter((status) => status.complete);
  const named = (list, pattern) => list.find((status) => pattern.test(status.name));
  const inProgress = () =>
    named(open, /progress|\bin dev|developing|doing|active|started/i) ?? open[Math.floor(open.length / 2)];
  const byCategory = {
    Proposed: () => open[0],
    InProgress: inProgress,
    Resolved: () => named(statuses, /ready to (ship|release)/i) ?? named(open, /test|review|verif/i) ?? inProgress(),
    Completed: () => named(done, /^(shipped|done|completed?|closed|released|finished)\b/i) ?? done[0],
    Removed: () => named(done, /not|won.t|cancel|reject|remov/i),
  };
  const found = {};
  for (const state of states) {
    const same = statuses.find((status) => status.name.toLowerCase() === state.name.toLowerCase());
    const status = same ?? byCategory[state.category]?.();
    if (status) found[state.name] = status.name;
  }
  return found;
}
