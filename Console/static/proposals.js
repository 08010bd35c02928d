// What the page proposes until a person decides: a type for each kind of record, and a status for each state.

const USUAL_TYPES = {
  feature: ["Feature", "Epic"],
  requirement: ["User Story", "Product Backlog Item", "Requirement", "Issue"],
};

/** What statuses are often called, for as long as those of the product are not known. */
export const USUAL_STATUSES = [
  { name: "Under consideration" }, { name: "In progress" }, { name: "Ready to ship" },
  { name: "Shipped", complete: true }, { name: "Will not implement", complete: true },
];

export const typesOf = (state) => state.project?.work_item_types ?? [];
export const typeOf = (state, kind) => typesOf(state).find((type) => type.name === state.draft[kind].work_item_type);
export const statusesOf = (state, kind) => state.aha?.[`${kind}_statuses`] ?? [];

/** The product's status that a mapping means: by its id or, in whatever case, by its name. */
export const statusOf = (value, statuses) =>
  statuses.find((status) => status.id === value || status.name.toLowerCase() === value?.toLowerCase());

/** Who decides about the states of a kind: `decided` are those that a person did, `isOpen` says whether the page may. */
export const undecided = (isOpen = true) => ({ decided: new Set(), isOpen, isTypeProposed: false });

/** Whether the status of a state is a proposal still. */
export const isProposed = (state, kind, name) =>
  Boolean(state.choices[kind].isOpen && !state.choices[kind].decided.has(name) && state.draft[kind].status_mapping[name]);

/** How many values of a kind are proposals still. */
export const countProposed = (state, kind) => Number(state.choices[kind].isTypeProposed)
  + Object.keys(state.draft[kind].status_mapping).filter((name) => isProposed(state, kind, name)).length;

/** Where nothing was chosen yet, the type that most projects use for this. */
export function proposeType(state, kind) {
  const mapping = state.draft[kind];
  if (mapping.work_item_type) return;
  const type = USUAL_TYPES[kind].map((name) => typesOf(state).find((one) => one.name === name)).find(Boolean);
  if (!type) return;
  mapping.work_item_type = type.name;
  state.choices[kind].isTypeProposed = true;
  state.changed("draft");
}

/** Proposes a status for each state about which nobody has decided; earlier proposals give way to better ones. */
export function proposeStatuses(state, kind) {
  const { decided, isOpen } = state.choices[kind];
  const type = typeOf(state, kind);
  if (!isOpen || !type) return;
  const mapping = state.draft[kind].status_mapping;
  const found = proposed(state, kind);
  for (const { name } of type.states) {
    if (decided.has(name)) continue;
    if (found[name]) mapping[name] = found[name];
    else delete mapping[name];
  }
  state.changed("draft");
}

/** The states that have no status, or none that the product has, and for which there is something to propose. */
export function proposable(state, kind) {
  const [mapping, statuses, found] = [state.draft[kind].status_mapping, statusesOf(state, kind), proposed(state, kind)];
  return Object.keys(found).filter((name) => !mapping[name] || (statuses.length && !statusOf(mapping[name], statuses)));
}

/** Has the page decide about those states. */
export function proposeRest(state, kind) {
  const rest = proposable(state, kind);
  state.choices[kind] = { ...undecided(), decided: new Set(typeOf(state, kind).states.map((one) => one.name).filter((name) => !rest.includes(name))) };
  proposeStatuses(state, kind);
}

function proposed(state, kind) {
  const statuses = statusesOf(state, kind);
  return proposals(typeOf(state, kind)?.states ?? [], statuses.length ? statuses : USUAL_STATUSES);
}

/** A status for each state, by its category; states for which nothing suggests itself are left out. */
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
