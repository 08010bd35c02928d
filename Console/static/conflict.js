// Somebody else saved in the meantime: show their changes, and let a person choose which values to keep.
import { getIntegration } from "./api.js";
import { button, fill, goTo, h } from "./dom.js";
import { assign, compare, draftOf, labelOf } from "./model.js";
import { problemBox } from "./progress.js";

/** Shows in `place` what somebody else saved. What was typed here is kept. */
export async function showConflict(state, place) {
  let answer;
  try {
    answer = await getIntegration(state.id);
  } catch (error) {
    fill(place, problemBox(error, () => showConflict(state, place)));
    return;
  }
  const theirs = draftOf(answer.body);
  const changes = compare(state.base, theirs, state.draft);
  const box = h("div", { class: "problem conflict", role: "alert" },
    h("h2", { id: "conflict-title" }, "Somebody else saved this integration in the meantime"),
    changes.length ? [
      h("p", {}, "Not saved yet. Choose which values to keep, then save."),
      h("div", { class: "conflict-rows" }, changes.map(choiceRow)),
    ] : h("p", {}, "Their changes do not differ from yours. You can save now."),
    h("div", { class: "row" },
      button("Continue with these values", () => settle(state, answer, changes, box), "primary"),
      button("Use all of theirs", () => state.replace(answer.body, answer.etag, "This is what they saved."))));
  fill(place, box);
  goTo(box.querySelector("h2"));
}

function choiceRow({ pointer, theirs, mine, isConflict }, index) {
  const option = (value, text, isChosen) => {
    const id = `conflict-${index}-${value}`;
    return h("div", { class: "option" },
      h("input", { type: "radio", name: `conflict-${index}`, id, value, checked: isChosen }),
      h("label", { for: id }, text));
  };
  return h("fieldset", { dataset: { change: pointer } },
    h("legend", {}, labelOf(pointer)),
    option("mine", `Here: ${shown(mine)}`, isConflict),
    option("theirs", `Theirs: ${shown(theirs)}`, !isConflict));
}

const shown = (value) => (value === undefined ? "(empty)" : value === true ? "on" : value === false ? "off" : String(value));

function settle(state, answer, changes, box) {
  const mine = structuredClone(state.draft);
  changes.forEach((change, index) => {
    const chosen = box.querySelector(`input[name="conflict-${index}"]:checked`)?.value;
    if (chosen === "theirs") assign(mine, change.pointer, change.theirs);
  });
  state.merge(answer.body, answer.etag, mine);
}
