// The marks of a refused save: each stays until its value changes, and “Not saved” until the last mark is gone.
import { clearFault } from "./fields.js";
import { flat } from "./model.js";

/** Watches the values that were refused. `gone` is called when no fault is left. */
export function keepRefusal(state, form, faults, gone) {
  const marked = faults.map((fault) => ({ ...fault, value: valueAt(state, fault.pointer) }));
  state.refusal?.abort();
  state.refusal = new AbortController();
  const { signal } = state.refusal;
  const removeMarks = () => {
    for (const fault of [...marked]) {
      if (!isGone(state, fault)) continue;
      marked.splice(marked.indexOf(fault), 1);
      if (!marked.some((one) => one.pointer === fault.pointer)) clear(form, fault.pointer);
    }
    if (marked.length) return;
    state.refusal?.abort();
    gone();
  };
  state.addEventListener("draft", removeMarks, { signal });
  state.watching.signal.addEventListener("abort", () => state.refusal?.abort(), { signal });
}

/** Whether another value was entered, or the refusal concerned only enabling, which was switched off. */
function isGone(state, fault) {
  const isOfEnabled = fault.isOfEnabled || /can be enabled$/.test(fault.detail);
  return valueAt(state, fault.pointer) !== fault.value || (isOfEnabled && !state.draft.enabled);
}

function clear(form, pointer) {
  const control = form.querySelector(`[data-pointer="${CSS.escape(pointer)}"]`);
  if (control) clearFault(control);
}

/** The value at a pointer as text; also a typed token or a new id, which the body does not have yet. */
function valueAt(state, pointer) {
  const typed = {
    "/azure_devops/personal_access_token": state.typed.pat, "/aha/api_token": state.typed.aha, "/integration_id": state.newId,
  };
  const values = [...flat(state.draft)].filter(([at]) => at === pointer || at.startsWith(`${pointer}/`));
  return JSON.stringify([typed[pointer] ?? "", values]);
}
