// The name and the id. Until a person enters them they are those of the product or of the project.
import { h } from "./dom.js";
import { clearFault, field, showFault, textInput } from "./fields.js";
import { idFrom, isFree, productOf } from "./model.js";

export function nameFields(state) {
  const { draft } = state;
  let isNameOurs = Boolean(draft.name);
  let isIdOurs = Boolean(state.newId);
  const proposeId = () => {
    if (!isIdOurs && state.isNew) id.value = state.newId = idFrom(draft.name, state.others);
  };
  const name = textInput(draft.name, (text) => {
    isNameOurs = text !== "";
    draft.name = text.trim();
    proposeId();
    state.changed("draft");
  });
  const id = textInput(state.newId, (text) => {
    isIdOurs = text !== "";
    state.newId = text.trim();
    state.changed("draft");
    showTaken(state, id);
  });
  const suggest = () => {
    // A person may be emptying the field to enter another name.
    if (isNameOurs || document.activeElement === name) return;
    draft.name = name.value = productOf(state)?.name ?? draft.azure_devops.project;
    proposeId();
  };
  if (state.isNew) {
    state.on("draft", suggest);
    state.on("others", () => {
      if (document.activeElement !== id) proposeId();
      showTaken(state, id);
    });
  }
  return h("div", { class: "pair" },
    field("Name", name, { pointer: "/name", hint: "The name of this integration for people." }),
    state.isNew ? field("Id", id, { pointer: "/integration_id", hint: "Part of its URLs: a-z, 0-9 and -. It cannot be changed later." }) : null);
}

/** Shows at once, not only after the save, that another integration has the id. */
function showTaken(state, id) {
  const form = id.closest("form");
  if (!form || isFree(state.newId, state.others)) return;
  clearFault(id);
  showFault(form, "/integration_id", TAKEN);
}

export const TAKEN = "There is already an integration with this id. Choose another id.";
