// Saving and discarding.
import { getIntegration, putIntegration } from "./api.js";
import { announce, button, fill, h } from "./dom.js";
import { showConflict } from "./conflict.js";
import { missingDefaults } from "./default_fields.js";
import { deletion } from "./deletion.js";
import { clearFaults, showFaults, reveal } from "./fields.js";
import { bodyOf, ownerOfDraft } from "./model.js";
import { TAKEN } from "./name_fields.js";
import { doneLine, isBusy, problemBox, withProgress } from "./progress.js";
import { keepRefusal } from "./refusal.js";
import { canBeEnabled, NOTHING_TO_DO, saveWords } from "./save_words.js";
import { readOthers, takenWords } from "./step_product.js";

/** The bar, and below it the button that deletes the integration. */
export function saveBar(state, form) {
  const outcome = h("div", { class: "outcome" });
  const words = h("p", { class: "save-words" });
  const act = () => press(state, form, outcome, [save, saveEnabled]);
  const enable = () => {
    form.querySelector("#enabled").click();
    act();
  };
  const save = button("Save", act, "primary", { title: "Ctrl+S" });
  const saveEnabled = button("Save and enable", enable, "primary");
  const discard = button("Discard changes", () => state.discard(), "quiet");
  const bar = h("div", { class: "save-bar", role: "region", "aria-label": "Saving" }, outcome, words,
    h("div", { class: "row save-actions" }, discard, save, saveEnabled));
  const show = () => {
    const isJustSaved = outcome.querySelector(".done") !== null;
    if (state.isDirty && isJustSaved) fill(outcome);
    const said = saveWords(state, enable, isJustSaved);
    fill(words, said);
    bar.classList.toggle("is-dirty", state.isDirty);
    // If there is nothing to do, the bar stays at the end of the form.
    bar.classList.toggle("is-quiet", NOTHING_TO_DO.includes(said));
    save.hidden = !state.isDirty && !state.isNew;
    saveEnabled.hidden = !state.isDirty || !canBeEnabled(state);
    save.className = saveEnabled.hidden ? "primary" : "";
    discard.hidden = !state.isDirty;
  };
  form.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    if (state.isDirty || state.isNew) act();
  });
  if (state.message) {
    const line = doneLine(state.message);
    fill(outcome, line);
    queueMicrotask(() => {
      line.tabIndex = -1;
      line.focus({ preventScroll: true });
      if (state.isNewlyCreated) form.querySelector(".addresses").scrollIntoView({ block: "center" });
      state.isNewlyCreated = false;
    });
    state.message = "";
  }
  show();
  state.on("draft account project aha", show);
  return state.isNew ? [bar] : [bar, deletion(state)];
}

async function press(state, form, outcome, buttons) {
  if (buttons.some(isBusy)) return;
  clearFaults(form);
  const lacks = state.draft.enabled
    ? [...missingDefaults(state, "feature"), ...missingDefaults(state, "requirement")] : [];
  if (lacks.length) {
    refuse(state, form, outcome, lacks.map((one) => ({ pointer: one.pointer, detail: "Give it a value, or set “Enabled” to off for now.", isOfEnabled: true })));
    return;
  }
  await withProgress(outcome, "Saving…", () => store(state), {
    buttons, failed: (error) => failedSave(state, form, outcome, error),
  }).then((answer) => answer && saved(state, answer));
}

async function store(state) {
  // The other integration may have released the product in the meantime.
  if (ownerOfDraft(state)) await readOthers(state);
  if (ownerOfDraft(state)) throw faultsOf([{ pointer: "/product_id", detail: takenWords(state) }]);
  if (!state.isNew) return putIntegration(state.id, bodyOf(state.draft, state.typed), state.etag);
  const needed = [
    ["/product_id", state.draft.product_id, "Choose its product."],
    ["/name", state.draft.name, "Give it a name."],
    ["/integration_id", state.newId, "Give it an id."],
  ];
  const faults = needed.filter(([, value]) => !value).map(([pointer, , detail]) => ({ pointer, detail }));
  if (faults.length) throw faultsOf(faults);
  if (await exists(state.newId)) throw faultsOf([{ pointer: "/integration_id", detail: TAKEN }]);
  return putIntegration(encodeURIComponent(state.newId), bodyOf(state.draft, state.typed), null);
}

async function exists(id) {
  if (!/^[a-z0-9-]{1,64}$/.test(id)) return false;
  try {
    await getIntegration(id);
    return true;
  } catch (error) {
    if (error.status === 404) return false;
    throw error;
  }
}

const faultsOf = (errors) => Object.assign(new Error("refused"), { title: "", detail: "", errors });

function saved(state, answer) {
  const { body, etag } = answer;
  announce("Saved");
  state.isNewlyEnabled = body.enabled && !state.saved?.enabled;
  state.isNewlyCreated = state.isNew;
  if (state.isNew) {
    // The next new integration must not start with this draft.
    state.forget();
    history.replaceState(null, "", `#/i/${encodeURIComponent(body.integration_id)}`);
  }
  state.replace(body, etag, "Saved.", ["feature", "requirement"].filter((kind) => state.choices[kind].isUnseen));
}

function failedSave(state, form, outcome, error) {
  if (error.status === 412) {
    showConflict(state, outcome);
  } else if (error.code === "product_taken") {
    refuse(state, form, outcome, [{ pointer: "/product_id", detail: error.detail }]);
    // The product step then links to the integration that has it.
    readOthers(state);
  } else if (error.code === "organization_in_use") {
    refuse(state, form, outcome, [{ pointer: "/azure_devops/account_name", detail: error.detail }]);
  } else if (error.errors?.length) {
    refuse(state, form, outcome, error.errors);
  } else {
    fill(outcome, problemBox(error));
  }
}

/** Marks the refused fields until their values are corrected. */
function refuse(state, form, outcome, faults) {
  for (const { pointer } of faults) reveal(form, pointer);
  const others = showFaults(form, faults);
  fill(outcome, h("p", { class: "problem", role: "alert" }, "Not saved. ",
    others.length ? others.map((one) => `${one.pointer.slice(1)} ${one.detail}. `).join("") : "See the marked fields."));
  keepRefusal(state, form, faults, () => fill(outcome));
}
