// Step 6: a summary, what is missing, and the switch that enables the integration.
import { attention, lacks } from "./attention.js";
import { fill, forReaders, h } from "./dom.js";
import { field, linkTo, textInput } from "./fields.js";
import { idFrom } from "./model.js";
import { checkList, operationLine } from "./progress.js";
import { countProposed } from "./proposals.js";
import { mappedWords } from "./step_mapping.js";

export function reviewStep(state) {
  const summary = h("div", {});
  const notices = h("div", {});
  const checks = h("div", { class: "outcome" });
  const showAll = () => {
    fill(summary, facts(state));
    fill(notices, noticesOf(state));
    fill(checks, checkResults(state));
  };
  showAll();
  state.on("draft", showAll);
  return h("div", { class: "step-body" },
    nameFields(state), summary, notices, checks,
    switchField(state, "enabled", "Enabled", "While this is on, features can be sent and changes come back."),
    switchField(state, "auto_update", "Send changes automatically", "A timer sends features again when they or their requirements changed "
      + "in Aha!. A feature that was never sent still needs a press on Send. This needs the Aha! address and key."));
}

/** A switch for a value of the draft that is true or false. */
function switchField(state, name, title, hint) {
  const input = h("input", {
    type: "checkbox", role: "switch", id: name, checked: state.draft[name], "aria-describedby": `${name}-hint ${name}-fault`,
    onchange: () => {
      state.draft[name] = input.checked;
      state.changed("draft");
    },
  });
  input.dataset.pointer = `/${name}`;
  return h("div", { class: "field switch" }, input, h("label", { for: name }, title),
    h("p", { class: "hint", id: `${name}-hint` }, hint), h("p", { class: "fault", id: `${name}-fault` }));
}

function nameFields(state) {
  const { draft } = state;
  let isNameOurs = Boolean(draft.name);
  let isIdOurs = Boolean(state.newId);
  const name = textInput(draft.name, (text) => {
    isNameOurs = text !== "";
    draft.name = text.trim();
    if (!isIdOurs) id.value = state.newId = idFrom(text);
    state.changed("draft");
  });
  const id = textInput(state.newId, (text) => {
    isIdOurs = text !== "";
    state.newId = text.trim();
    state.changed("draft");
  });
  // Until a person enters a name, the name is that of the product or project.
  const suggest = () => {
    if (isNameOurs || !state.isNew) return;
    const product = state.aha?.products.find((one) => [one.id, one.reference_prefix].includes(draft.product_id));
    draft.name = name.value = product?.name ?? draft.azure_devops.project;
    if (!isIdOurs) id.value = state.newId = idFrom(draft.name);
  };
  if (state.isNew) state.on("draft", suggest);
  return h("div", { class: "pair" },
    field("Name", name, { pointer: "/name", hint: "The name of this integration for people." }),
    state.isNew ? field("Id", id, { pointer: "/integration_id", hint: "A part of the integration's URLs. It cannot be changed later. a-z, 0-9 and -." }) : null);
}

function facts(state) {
  const { draft } = state;
  const target = draft.azure_devops;
  const nothing = () => h("span", { class: "soft" }, "not chosen yet");
  const rows = [
    ["Azure DevOps", [target.account_name, target.project].filter(Boolean).join(" / ")],
    ["Area", target.area_path],
    ["Aha!", [draft.aha.url.replace(/^https?:\/\//, ""), draft.product_id].filter(Boolean).join(" / ")],
    ["Features", draft.feature.work_item_type && `${draft.feature.work_item_type}, ${mappedWords(state, "feature")}`],
    ["Requirements", draft.requirement.work_item_type && `${draft.requirement.work_item_type}, ${mappedWords(state, "requirement")}`],
  ];
  return h("dl", { class: "facts rows" }, rows.map(([term, text]) =>
    h("div", {}, h("dt", {}, term), h("dd", {}, text || nothing()))));
}

function noticesOf(state) {
  const missing = lacks(state);
  const misfits = attention(state).filter((one) => one.pointer && !missing.some(({ pointer }) => pointer === one.pointer));
  const hasKey = state.draft.aha.url && (state.typed.aha || state.saved?.aha.api_token_set);
  const proposed = countProposed(state, "feature") + countProposed(state, "requirement");
  return [
    missing.length ? h("div", { class: "notice" }, h("p", {}, "Before it can be enabled:"), h("ul", {}, missing.map(item))) : null,
    misfits.length ? h("div", { class: "notice" }, h("p", {}, "This does not fit:"), h("ul", {}, misfits.map(item))) : null,
    hasKey ? null : h("p", { class: "notice" }, "Without an Aha! address and key, features are sent but no change comes back."),
    proposed ? h("p", { class: "notice" }, "Some values are proposals of this page, marked as ", h("span", { class: "chip" }, "proposed"),
      ". Check them before you save.") : null,
  ];
}

const item = (one) => h("li", {}, linkTo(one));

function checkResults(state) {
  const refused = state.refused.azure_devops;
  if (refused && !refused.pointer && !state.isDirty) {
    return h("div", { class: "problem", role: "alert" },
      h("p", {}, h("strong", {}, "Azure DevOps would refuse what is set up here"), ". ", refused.error.detail), operationLine(refused.error));
  }
  const done = state.checks.filter((check) => ["status_mapping", "create_work_item"].includes(check.name));
  if (!done.length || state.isDirty) return null;
  return [forReaders("Checked by Azure DevOps: "), checkList(done),
    state.saved?.enabled ? h("p", {}, "It is ready to send. Next: ",
      h("a", { href: `#/i/${encodeURIComponent(state.id)}/hook` }, "let Azure DevOps report changes"), ", ",
      h("a", { href: `#/i/${encodeURIComponent(state.id)}/aha` }, "let Aha! send"), ", or ",
      h("a", { href: `#/i/${encodeURIComponent(state.id)}/send` }, "send a sample feature"), ".") : null];
}
