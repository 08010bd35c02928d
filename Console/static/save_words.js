// The text of the save bar: unsaved changes, problems, missing values, or the next step.
import { attention, lacks } from "./attention.js";
import { button, h } from "./dom.js";
import { linkTo } from "./fields.js";
import { ownerOfDraft } from "./model.js";

const MOST_LINKS = 2;
const [SAVED, EMPTY] = ["Everything is saved", "Nothing to save yet"];

/** Whether a press could save and enable at once: nothing is missing, and the switch is off. */
export const canBeEnabled = (state) =>
  !state.draft.enabled && !lacks(state).length && !attention(state).length && !ownerOfDraft(state);

export const NOTHING_TO_DO = [SAVED, EMPTY];

/** The text for a state. `enable` enables the integration and saves. `isJustSaved`: the bar says “Saved.” next to it. */
export function saveWords(state, enable, isJustSaved) {
  if (state.isDirty) {
    return state.isRestored ? "Your unsaved changes were restored. Enter new tokens again." : "Unsaved changes";
  }
  if (state.isNew) return EMPTY;
  const wrong = attention(state);
  if (wrong.length) return [h("strong", { class: "bad" }, "Needs attention: "), links(wrong)];
  const open = lacks(state);
  if (open.length) return ["Missing: ", links(open)];
  if (!state.saved.enabled) return ["Complete, but not enabled. ", button("Enable it", enable)];
  if (!isJustSaved) return SAVED;
  if (!state.isNewlyEnabled) return "";
  return h("a", { href: `#/i/${encodeURIComponent(state.id)}/hook` }, "Next: let Azure DevOps report changes");
}

function links(all) {
  const rest = all.length - MOST_LINKS;
  return [all.slice(0, MOST_LINKS).map((one, index) => [index ? ", " : "", linkTo(one)]), rest > 0 ? ` and ${rest} more` : ""];
}
