// The form, in the order in which a person completes it, and the list of its steps.
import { attention, stepOf } from "./attention.js";
import { goTo, fill, forReaders, h } from "./dom.js";
import { openConnection } from "./connection.js";
import { missingDefaults } from "./default_fields.js";
import { ownerOfDraft } from "./model.js";
import { accountStep } from "./step_account.js";
import { ahaStep } from "./step_aha.js";
import { mappingStep } from "./step_mapping.js";
import { readOthers, productStep } from "./step_product.js";
import { projectStep } from "./step_project.js";
import { reviewStep } from "./step_review.js";

const isMapped = (kind) => (draft, state) => draft[kind].work_item_type && !missingDefaults(state, kind).length
  && !state.choices[kind].isUnseen;

const STEPS = [
  ["account", "Azure DevOps", accountStep, (draft, state) =>
    draft.azure_devops.account_name && (state.account || state.saved?.azure_devops.personal_access_token_set
      || draft.azure_devops.authentication === "entra")],
  ["aha", "Aha!", ahaStep, (draft, state) => draft.aha.url && (state.aha || state.saved?.aha.api_token_set)],
  ["product", "Product", productStep, (draft, state) => draft.product_id && !ownerOfDraft(state)],
  ["project", "Project and area", projectStep, (draft) => draft.azure_devops.project && draft.azure_devops.area_path],
  ["feature", "Features", (state) => mappingStep(state, "feature"), isMapped("feature")],
  ["requirement", "Requirements", (state) => mappingStep(state, "requirement"), isMapped("requirement")],
  ["review", "Review and enable", reviewStep, (draft, state) => state.saved?.enabled && !state.isDirty],
];

const MARKS = {
  bad: ["is-bad", "needs attention"], done: ["is-done", "done"], unseen: ["is-unseen", "proposed"], open: ["", "to do"],
};

export function showSetUp(place, state) {
  const sections = STEPS.map(([name, title, build], index) => {
    const heading = h("h2", { id: `step-${name}` }, h("span", { class: "number", "aria-hidden": "true" }, String(index + 1)),
      forReaders(`Step ${index + 1}: `), title);
    return h("section", { class: "step", "aria-labelledby": `step-${name}`, dataset: { step: name } }, heading, build(state));
  });
  const list = h("ol", {});
  const showProgress = () => {
    const bad = new Set(state.isNew ? [] : attention(state).map((one) => stepOf(one.pointer)));
    fill(list, STEPS.map(([name, title, , isDone]) => {
      const mark = bad.has(name) ? "bad" : isDone(state.draft, state) ? "done" : state.choices[name]?.isUnseen ? "unseen" : "open";
      const [kind, words] = MARKS[mark];
      return h("li", { class: kind }, h("a", { href: `#step-${name}`, onclick: (event) => {
        event.preventDefault();
        goTo(document.getElementById(`step-${name}`));
      } }, title, mark === "unseen" || mark === "bad" ? h("span", { class: "mark" }, words) : forReaders(` (${words})`)));
    }));
  };
  showProgress();
  state.on("draft", showProgress);
  fill(place, h("div", { class: "setup" },
    h("nav", { class: "steps", "aria-label": "Steps" }, list),
    h("form", { class: "step-list", novalidate: true, autocomplete: "off", onsubmit: (event) => event.preventDefault() }, sections)));
  readOthers(state);
  // After a save, everything is checked again.
  if (!state.isNew && (!state.isDirty || !state.account)) openConnection(state);
}
