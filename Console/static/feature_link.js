// Link a record to an existing work item, and unlink it.
import { linkTo, unlink } from "./api.js";
import { announce, button, fill, goTo, h } from "./dom.js";
import { field, onEnter, showFaults, textInput } from "./fields.js";
import { count } from "./format.js";
import { isBusy, problemBox, withProgress } from "./progress.js";

const NUMBER = /^#?(\d{1,10})$/;
const ADDRESS = /\/_workitems\/edit\/(\d{1,10})(?:[/?#].*)?$/i;

/** The work item number in a typed text: a number, or the address of the work item's page. */
const numberIn = (text) => Number((text.trim().match(NUMBER) ?? text.trim().match(ADDRESS))?.[1] ?? 0);

/** The button of a record for its link, and the place for what it opens; `index` 0 is the feature. */
export function linkAction(panel, record, index) {
  const place = h("div", {});
  const name = record.reference_num || record.id;
  const open = record.work_item
    ? button("Unlink…", () => askToUnlink(panel, record, index, place), "link", { "aria-label": `Unlink… ${name}` })
    : button("Link to a work item…", () => showForm(panel, record, index, place, open), "link", { "aria-label": `Link to a work item… ${name}` });
  return { open, place };
}

function showForm(panel, record, index, place, opener) {
  const { azure_devops: target, feature, requirement } = panel.state.saved;
  const type = (index ? requirement : feature).work_item_type;
  const name = record.reference_num || record.id;
  const outcome = h("div", { class: "outcome" });
  const input = textInput("", () => {}, { inputmode: "text" });
  const make = button("Link", () => act(), "primary");
  const act = async () => {
    if (isBusy(make)) return;
    const number = numberIn(input.value);
    if (!number) return refuse("Enter the number of a work item, such as 174, or the address of its page.");
    const syncState = await withProgress(outcome, "Linking…", () => linkTo(panel.state.id, name, number), {
      buttons: [make], failed: (error) => (error.status < 500 && error.status ? refuse(error.detail) : fill(outcome, problemBox(error))),
    });
    if (syncState) panel.linkChanged(syncState, `${name} is linked to work item ${number}.`);
  };
  const refuse = (detail) => showFaults(form, [{ pointer: "/work_item_id", detail }]);
  const close = () => {
    fill(place);
    opener.hidden = false;
    opener.focus();
  };
  onEnter(input, act);
  const form = h("div", { class: "link-form" },
    field(`Work item for ${name}`, input, {
      pointer: "/work_item_id", hint: `The number or the address of a ${type} in ${target.project} that belongs to no other record. No text is changed. `
        + "The next send fills empty fields and reports differences.",
    }),
    h("div", { class: "row" }, make, button("Cancel", close)), outcome);
  form.addEventListener("keydown", (event) => event.key === "Escape" && close());
  opener.hidden = true;
  fill(place, form);
  input.focus();
}

function askToUnlink(panel, record, index, place) {
  const { work_item: item } = record;
  const name = record.reference_num || record.id;
  const others = index ? 0 : panel.syncState.requirements.filter((one) => one.work_item).length;
  const dialog = h("dialog", { "aria-labelledby": "unlink-title", onclose: () => dialog.remove() },
    h("h2", { id: "unlink-title" }, `Unlink ${name} from ${item.type} ${item.id}?`),
    others ? h("p", {}, `Its ${count(others, "requirement is", "requirements are")} unlinked, too.`) : null,
    h("ul", {},
      h("li", {}, others ? "The work items stay in Azure DevOps as they are." : "The work item stays in Azure DevOps as it is."),
      h("li", {}, "The record stays in Aha!; only the link in its integration fields is removed."),
      h("li", {}, "Changes are no longer carried between the two. The next send creates ", others ? "new work items, unless you link existing ones"
        : "a new work item, unless you link an existing one", " first.")),
    h("div", { class: "row" }, button("Keep the link", () => dialog.close()), button("Unlink", async () => {
      dialog.close();
      const answer = await withProgress(place, "Unlinking…", () => unlink(panel.state.id, name));
      if (!answer) return;
      announce(`${name} was unlinked.`);
      panel.linkChanged(null, `${name} was unlinked. ${item.type} ${item.id} stays in Azure DevOps.`);
    }, "danger")));
  document.body.append(dialog);
  dialog.showModal();
  goTo(dialog.querySelector("button"));
}
