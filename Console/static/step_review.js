// Step 7: a summary in names, what is missing, and the switches.
import { attention, lacks } from "./attention.js";
import { copyField } from "./copy_field.js";
import { fill, forReaders, h } from "./dom.js";
import { linkTo } from "./fields.js";
import { linkBackField } from "./link_back.js";
import { productOf, sendAddress } from "./model.js";
import { nameFields } from "./name_fields.js";
import { checkList, operationLine } from "./progress.js";
import { countProposed, statusesOf, statusOf, typeOf } from "./proposals.js";
import { nameOf } from "./step_product.js";

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
    switchField(state, "enabled", "Enabled", "While this is on, features can be sent and changes reach Aha!."),
    switchField(state, "auto_update", "Send changes automatically", "A timer sends features again when they or their requirements changed "
      + "in Aha!. A feature that was never sent still needs a press on Send. This needs the Aha! address and key."),
    linkBackField(state), state.isNew ? null : addresses(state.saved));
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

function facts(state) {
  const { draft } = state;
  const target = draft.azure_devops;
  const project = state.account?.projects.find((one) => one.id === target.project)?.name ?? target.project;
  const product = productOf(state);
  const rows = [
    ["Azure DevOps", [target.account_name, project].filter(Boolean).join(" / ")],
    ["Area", target.area_path],
    ["Aha!", draft.aha.url.replace(/^https?:\/\//, "") || h("span", { class: "soft" }, "not connected")],
    ["Product", product ? nameOf(product) : draft.product_id],
    ["Features", mappingFact(state, "feature")],
    ["Requirements", mappingFact(state, "requirement")],
  ];
  return h("dl", { class: "facts rows" }, rows.map(([term, words]) =>
    h("div", {}, h("dt", {}, term), h("dd", {}, words || h("span", { class: "soft" }, "not chosen yet")))));
}

/** The type, and the status of each state by its name. */
function mappingFact(state, kind) {
  const { work_item_type: type, status_mapping: mapping } = state.draft[kind];
  if (!type) return null;
  const statuses = statusesOf(state, kind);
  const states = typeOf(state, kind)?.states.map((one) => one.name) ?? Object.keys(mapping);
  const mapped = states.filter((name) => mapping[name]);
  const others = states.filter((name) => !mapping[name]);
  const pair = (name) => h("li", {}, `${name} `, h("span", { "aria-hidden": "true" }, "→"), forReaders("shows"),
    ` ${statusOf(mapping[name], statuses)?.name ?? mapping[name]}`);
  return [h("strong", {}, type), mapped.length || others.length ? h("ul", { class: "pairs" }, mapped.map(pair),
    others.length ? h("li", { class: "soft" }, `${others.join(", ")}: no status, Aha! stays as it is`) : null) : null];
}

function noticesOf(state) {
  const missing = lacks(state);
  const misfits = attention(state).filter((one) => one.pointer && !missing.some(({ pointer }) => pointer === one.pointer));
  const hasKey = state.draft.aha.url && (state.typed.aha || state.saved?.aha.api_token_set);
  const unseen = ["feature", "requirement"].filter((kind) => state.choices[kind].isUnseen && countProposed(state, kind));
  return [
    missing.length ? h("div", { class: "notice" }, h("p", {}, "Missing before it can be enabled:"), h("ul", {}, missing.map(item))) : null,
    misfits.length ? h("div", { class: "notice" }, h("p", {}, "These values need attention:"), h("ul", {}, misfits.map(item))) : null,
    hasKey ? null : h("p", { class: "notice" }, "Without an Aha! address and key, features are sent but changes do not reach Aha!."),
    unseen.length ? h("div", { class: "notice" }, h("p", {}, "Proposed by this page, and not checked yet:"), h("ul", {}, unseen.map((kind) =>
      item({ pointer: `/${kind}/work_item_type`, words: `the type and the statuses of ${kind}s` })))) : null,
  ];
}

const item = (one) => h("li", {}, linkTo(one));

/** Values that a person pastes elsewhere. */
function addresses(saved) {
  const line = (id, title, text, announced, hint) => h("div", { class: "address" },
    h("p", { class: "label", id }, title), copyField(text, { title: id, announced }), h("p", { class: "hint" }, hint));
  return h("section", { class: "addresses", "aria-labelledby": "addresses-title" },
    h("h3", { id: "addresses-title" }, "Ready to copy"),
    line("copy-id", "Id", saved.integration_id, "The id was copied.", "It names the integration in the API and in the Aha! extension."),
    line("copy-send", "Address for sending", sendAddress(saved), "The address for sending was copied.",
      ["Aha! sends features here, with a function key: ",
        h("a", { href: `#/i/${encodeURIComponent(saved.integration_id)}/aha` }, "Let Aha! send"), " builds the whole Hook URL."]),
    line("copy-webhook", "Webhook URL", saved.webhook_url, "The webhook URL was copied.",
      ["Azure DevOps reports changes here: ", h("a", { href: `#/i/${encodeURIComponent(saved.integration_id)}/hook` }, "Service hook"),
        " creates the subscription."]));
}

function checkResults(state) {
  const refused = state.refused.azure_devops;
  if (refused && !refused.pointer && !state.isDirty) {
    return h("div", { class: "problem", role: "alert" },
      h("p", {}, h("strong", {}, "Azure DevOps would refuse this configuration"), ". ", refused.error.detail), operationLine(refused.error));
  }
  const done = state.checks.filter((check) => ["status_mapping", "create_work_item"].includes(check.name));
  if (!done.length || state.isDirty) return null;
  return [forReaders("Checked by Azure DevOps: "), checkList(done),
    state.saved?.enabled ? h("p", {}, "It is ready to send. Next: ",
      h("a", { href: `#/i/${encodeURIComponent(state.id)}/hook` }, "let Azure DevOps report changes"), ", ",
      h("a", { href: `#/i/${encodeURIComponent(state.id)}/aha` }, "let Aha! send"), ", or ",
      h("a", { href: `#/i/${encodeURIComponent(state.id)}/features` }, "send a feature"), ".") : null];
}
