// Deleting an integration, with its subscription in Azure DevOps if that is wanted.
import { deleteHook, deleteIntegration, hookStatus } from "./api.js";
import { showConflict } from "./conflict.js";
import { button, fill, goTo, h } from "./dom.js";
import { problemBox, progressLine, withProgress } from "./progress.js";

const STAYS = [
  "The work items in Azure DevOps.",
  "The records in Aha!, with the id and the URL of their work item in the field Integrations. If you set the integration up again, "
    + "a feature gets its work item back by them.",
  "The Integration webhook in Aha!, and both tokens where they were made. Remove there what nothing else uses.",
];

export function deletion(state) {
  const place = h("div", { class: "outcome" });
  const hook = h("div", { class: "outcome" });
  const open = () => {
    fill(place);
    dialog.showModal();
    goTo(dialog.querySelector("button"));
    lookForHook(state, hook);
  };
  const act = () => {
    const isHookToo = hook.querySelector("input")?.checked ?? false;
    dialog.close();
    remove(state, place, isHookToo);
  };
  const dialog = h("dialog", { class: "deletion", "aria-labelledby": "delete-title" },
    h("h2", { id: "delete-title" }, `Delete ${state.saved.name}?`),
    h("p", {}, h("strong", {}, "Deleted: "), "its configuration with the stored tokens, its links between records and work items, and its log."),
    h("p", { class: "label" }, "What stays:"), h("ul", {}, STAYS.map((words) => h("li", {}, words))),
    hook,
    h("div", { class: "row" }, button("Keep it", () => dialog.close()), button("Delete", act, "danger")));
  return h("details", { class: "help delete" }, h("summary", {}, "Delete this integration"),
    h("p", { class: "hint" }, "Work items and Aha! records stay. Before it is deleted, this page says what else stays."),
    button("Delete…", open, "danger"), place, dialog);
}

/** Offers to delete the subscription, unless Azure DevOps says that there is none. */
async function lookForHook(state, hook) {
  const { account_name: account, project } = state.saved.azure_devops;
  if (!account || !project) return;
  const input = h("input", { type: "checkbox", id: "delete-hook", checked: true, "aria-describedby": "delete-hook-hint" });
  const found = h("div", {}, progressLine("Looking for the subscription…"));
  fill(hook, h("div", { class: "option" }, input, h("div", {},
    h("label", { for: "delete-hook" }, "Delete its service hook subscription in Azure DevOps, too"),
    h("p", { class: "hint", id: "delete-hook-hint" }, "One that stays reports one more change, and is then switched off by Azure DevOps."), found)));
  try {
    const { subscription_id: current, outdated_subscription_ids: outdated } = await hookStatus(state.id);
    if (current || outdated.length) fill(found);
    else fill(hook, h("p", {}, "Azure DevOps has no subscription for it."));
  } catch (error) {
    input.checked = false;
    fill(found, h("p", { class: "fault" }, `Azure DevOps did not say whether there is one. ${error.detail}`));
  }
}

async function remove(state, place, isHookToo) {
  if (isHookToo) {
    const isDone = await withProgress(place, "Deleting the subscription…", async () => {
      await deleteHook(state.id);
      return true;
    }, { failed: (error) => fill(place,
      h("p", {}, h("strong", {}, "Nothing was deleted"), ", because the subscription was not."), problemBox(error),
      button("Delete the integration and leave the subscription", () => remove(state, place, false), "danger")) });
    if (!isDone) return;
  }
  const answer = await withProgress(place, "Deleting…", () => deleteIntegration(state.id, state.etag), { failed: (error) => {
    if (error.status === 412) showConflict(state, place);
    else fill(place, problemBox(error));
  } });
  if (!answer) return;
  state.forget();
  location.hash = "#/";
}
