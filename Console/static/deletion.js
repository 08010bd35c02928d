// Deleting an integration.
import { deleteIntegration } from "./api.js";
import { showConflict } from "./conflict.js";
import { button, fill, goTo, h } from "./dom.js";
import { problemBox, withProgress } from "./progress.js";

export function deletion(state) {
  const place = h("div", { class: "outcome" });
  const open = () => {
    fill(place);
    dialog.showModal();
    goTo(dialog.querySelector("button"));
  };
  const act = () => {
    dialog.close();
    remove(state, place);
  };
  const dialog = h("dialog", { class: "deletion", "aria-labelledby": "delete-title" },
    h("h2", { id: "delete-title" }, `Delete ${state.saved.name}?`),
    h("p", {}, h("strong", {}, "Deleted: "), "the configuration with its tokens, the links between records and work items, and the log."),
    h("p", {}, h("strong", {}, "Stays: "), "all work items, all records in Aha!, and the id and the URL of the work item in their field "
      + "Integrations. They are no longer synced. If you set it up again, a feature gets its work item back by these fields."),
    h("div", { class: "row" }, button("Keep it", () => dialog.close()), button("Delete", act, "danger")));
  return h("details", { class: "help delete" }, h("summary", {}, "Delete this integration"),
    h("p", { class: "hint" }, "This deletes its configuration, links and log. Work items and Aha! records stay."),
    button("Delete…", open, "danger"), place, dialog);
}

async function remove(state, place) {
  const answer = await withProgress(place, "Deleting…", () => deleteIntegration(state.id, state.etag), { failed: (error) => {
    if (error.status === 412) showConflict(state, place);
    else fill(place, problemBox(error));
  } });
  if (!answer) return;
  state.forget();
  location.hash = "#/";
}
