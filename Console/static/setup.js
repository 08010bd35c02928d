// The form, in the order in which a person works, and the list of its steps.
import { goTo, fill, forReaders, h } from "./dom.js";
import { openConnection } from "./connection.js";
import { accountStep } from "./step_account.js";
import { ahaStep } from "./step_aha.js";
import { mappingStep } from "./step_mapping.js";
import { projectStep } from "./step_project.js";
import { reviewStep } from "./step_review.js";

const STEPS = [
  ["account", "Azure DevOps", accountStep, (draft, state) =>
    draft.azure_devops.account_name && (state.account || state.saved?.azure_devops.personal_access_token_set
      || draft.azure_devops.authentication === "entra")],
  ["project", "Project and area", projectStep, (draft) => draft.azure_devops.project && draft.azure_devops.area_path],
  ["aha", "Aha!", ahaStep, (draft) => draft.product_id],
  ["feature", "Features", (state) => mappingStep(state, "feature"), (draft) => draft.feature.work_item_type],
  ["requirement", "Requirements", (state) => mappingStep(state, "requirement"), (draft) => draft.requirement.work_item_type],
  ["review", "Review and enable", reviewStep, (draft, state) => state.saved?.enabled && !state.isDirty],
];

export function showSetUp(place, state) {
  const sections = STEPS.map(([name, title, build], index) => {
    const heading = h("h2", { id: `step-${name}` }, h("span", { class: "number", "aria-hidden": "true" }, String(index + 1)),
      forReaders(`Step ${index + 1}: `), title);
    return h("section", { class: "step", "aria-labelledby": `step-${name}`, dataset: { step: name } }, heading, build(state));
  });
  const list = h("ol", {});
  const showProgress = () => fill(list, STEPS.map(([name, title, , isDone]) => {
    const done = Boolean(isDone(state.draft, state));
    return h("li", { class: done ? "is-done" : "" }, h("a", { href: `#step-${name}`, onclick: (event) => {
      event.preventDefault();
      goTo(document.getElementById(`step-${name}`));
    } }, title, forReaders(done ? " (done)" : " (to do)")));
  }));
  showProgress();
  state.on("draft", showProgress);
  fill(place, h("div", { class: "setup" },
    h("nav", { class: "steps", "aria-label": "Steps" }, list),
    h("form", { class: "step-list", novalidate: true, autocomplete: "off", onsubmit: (event) => event.preventDefault() }, sections)));
  // After a save everything is checked anew.
  if (!state.isNew && (!state.isDirty || !state.account)) openConnection(state);
}
