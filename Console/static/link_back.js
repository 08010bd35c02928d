// The records in Aha! that get a link to their work item.
import { h } from "./dom.js";

const CHOICES = [
  ["feature", "Features", "The feature's field Integrations shows its work item."],
  ["all", "Features and requirements", "Each requirement shows its own work item, too. A first send needs one more request to Aha! for each requirement."],
  ["none", "None", "Nothing is written into the field Integrations."],
];

export function linkBackField(state) {
  const { aha } = state.draft;
  const option = ([value, title, meaning]) => {
    const input = h("input", { type: "radio", name: "link-back", id: `link-back-${value}`, value, checked: aha.link_back === value,
      "aria-describedby": `link-back-${value}-hint`, onchange: () => {
        aha.link_back = value;
        state.changed("draft");
      } });
    input.dataset.pointer = "/aha/link_back";
    return h("div", { class: "option" }, input, h("div", {},
      h("label", { for: input.id }, title), h("p", { class: "hint", id: `link-back-${value}-hint` }, meaning)));
  };
  return h("fieldset", { class: "link-back" },
    h("legend", {}, "Write a link to the work item into Aha!"),
    h("p", { class: "hint" }, "It is written under the product's Integration webhook, which the view “Let Aha! send” sets up."),
    CHOICES.map(option));
}
