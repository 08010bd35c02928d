// Deleting an integration, with its subscription in Azure DevOps if that is wanted.
import { deleteHook, deleteIntegration, hookStatus } from "./api.js";
import { showConflict } from "./conflict.js";
import { button, fill, goTo, h } from "./dom.js";
import { problemBox, progressLine, withProgress } from "./progress.js";

const STAYS = [
  "The work items in Azure DevOps.",
  "The records in Aha!, with the id and the URL of their work item in the field Integrations. If you set the integration up again, "
    + "the next send finds the work items through these fields.",
  "The Integration webhook in Aha!, and both tokens in Azure DevOps and Aha!. Remove there what nothing else uses.",
];

export function deletion(state) {
  const place = h("div", { class: "outcome" });
  const hook = h("div", { class: "outcome" });
  const open = () => {
    fill(place);
    dialog.showModal();
    goTo(dialog.querySelector("button"));
    findHook(state, hook);
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
    h("p", { class: "hint" }, "Work items and Aha! records stay. Before the deletion, this page lists what else stays."),
    button("Delete…", open, "danger"), place, dialog);
}

/** Offers to delete the subscription, unless Azure DevOps says that there is none. */
async function findHook(state, hook) {
  const { account_name: account, project } = state.saved.azure_devops;
  if (!account || !project) return;
  const input = h("input", { type: "checkbox", id: "delete-hook", checked: true, "aria-describedby": "delete-hook-hint" });
  const found = h("div", {}, progressLine("Looking for the subscription…"));
  fill(hook, h("div", { class: "option" }, input, h("div", {},
    h("label", { for: "delete-hook" }, "Delete its service hook subscription in Azure DevOps, too"),
    h("p", { class: "hint", id: "delete-hook-hint" }, "If you keep it, it reports one more change; Azure DevOps then disables it."), found)));
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
      h("p", {}, h("strong", {}, "Nothing was deleted"), ", because the subscription could not be deleted."), problemBox(error),
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
