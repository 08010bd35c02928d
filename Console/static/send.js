// Send a sample feature: first as a dry run, then for real.
import { sendFeature } from "./api.js";
import { announce, button, fill, goTo, h, outwardLink } from "./dom.js";
import { clearFault, field } from "./fields.js";
import { count } from "./format.js";
import { isBusy, problemBox, withProgress } from "./progress.js";

const EXAMPLE = {
  feature: {
    id: "sample-feature-1",
    name: "Sample: pay by invoice",
    description: "<p>Business customers pay <b>within 30 days</b>.</p>",
    requirements: [{ id: "sample-requirement-1", name: "Sample: invoice as PDF", description: "<p>By e-mail.</p>", position: 1 }],
  },
};

const sample = () => JSON.stringify(EXAMPLE, null, 2);

export function showSend(place, state) {
  const outcome = h("div", { class: "outcome" });
  const text = h("textarea", { rows: 12, class: "code", spellcheck: "false", id: "event", value: sample(), oninput: () => changed() });
  const file = h("input", { type: "file", accept: ".json,application/json", onchange: async () => {
    if (!file.files.length) return;
    text.value = await file.files[0].text();
    changed();
  } });
  const check = button("Check without writing", () => run(true), "primary");
  const send = button("Send now", () => run(false), "", { disabled: true });
  const changed = () => {
    send.disabled = true;
    fill(outcome);
    clearFault(text);
  };
  const run = async (isDryRun) => {
    if (isBusy(check) || isBusy(send)) return;
    clearFault(text);
    if (!text.value.trim()) return refuse(text, "Paste a feature first, or use the example.");
    const fault = jsonFault(text.value);
    if (fault) return refuse(text, fault);
    send.disabled ||= isDryRun;
    const answer = await withProgress(outcome, isDryRun ? "Checking…" : "Sending…", () => sendFeature(state.id, text.value, isDryRun), {
      buttons: [check, send], failed: (error) => failed(error, text, outcome),
    });
    if (!answer) return undefined;
    if (answer.body.status === "ignored") {
      fill(outcome, h("p", { class: "notice" }, "This is an event about a release. Only features are sent, so nothing was done."));
      return undefined;
    }
    showResult(outcome, answer.body, isDryRun, state.id);
    send.disabled = isDryRun && !answer.body.feature.work_item && answer.body.feature.action === "failed";
    return undefined;
  };
  fill(place,
    state.saved.enabled && state.isDirty ? h("p", { class: "notice" }, "There are unsaved changes under ",
      h("a", { href: `#/i/${encodeURIComponent(state.id)}` }, "Set up"), ". A send uses the saved configuration.") : null,
    state.saved.enabled ? null : h("p", { class: "notice" }, "The integration is not enabled, so nothing can be sent. ",
      h("a", { href: `#/i/${encodeURIComponent(state.id)}` }, "Set it up"), " first."),
    h("section", { class: "panel" },
      h("h2", {}, "A feature to try with"),
      h("p", {}, "You can check the example below as it is. To try a feature of your own, replace it with the event that your product "
        + "tool sends, or with just ", h("code", {}, '{"feature": {…}}'), "."),
      field("Feature as JSON", text),
      h("div", { class: "row" }, button("Use the example", () => {
        text.value = sample();
        changed();
        text.focus();
      }), h("div", { class: "file" }, field("Or load a file", file))),
      h("div", { class: "row" }, check, send),
      h("p", { class: "hint" }, "The check writes nothing: Azure DevOps validates each new work item without saving it. “Send now” "
        + "creates work items. Sending the same feature again never creates a second one.")),
    outcome);
}

function refuse(text, words) {
  fill(document.getElementById(`${text.id}-fault`), words);
  text.setAttribute("aria-invalid", "true");
  text.focus();
}

function jsonFault(text) {
  try {
    const value = JSON.parse(text);
    return value?.feature ? "" : "This JSON has no “feature”. It must look like {\"feature\": {\"id\": …, \"name\": …}}.";
  } catch (error) {
    return `This is not valid JSON: ${error.message}.`;
  }
}

function failed(error, text, outcome) {
  if (error.errors?.length) refuse(text, error.errors.map((one) => `${one.pointer} ${one.detail}`).join("; "));
  else fill(outcome, problemBox(error));
}

const WORDS = {
  created: ["good", "created", "would be created"], updated: ["good", "updated", "would be updated"],
  unchanged: ["off", "unchanged", "would stay unchanged"], uploaded: ["good", "uploaded", "would be uploaded"],
  failed: ["bad", "failed", "would fail"], pending: ["open", "not done yet", "not checked"],
};
const TITLES = {
  succeeded: ["Everything was sent", "Everything can be sent"],
  partial: ["Something was not sent", "Something cannot be sent"],
  in_progress: ["Time ran out. Send again to continue", "Not everything could be checked in time"],
};

function showResult(place, result, isDryRun, id) {
  const title = TITLES[result.status][isDryRun ? 1 : 0];
  announce(title);
  fill(place, h("section", { class: "panel" },
    h("h2", {}, title),
    h("ul", { class: "sent" }, [result.feature, ...result.requirements].map((record, index) => sent(record, index > 0, isDryRun))),
    h("p", {}, isDryRun ? "Nothing was written." : "If these work items were only a trial, delete them in Azure DevOps.", " The ",
      h("a", { href: `#/i/${encodeURIComponent(id)}/log` }, "log"), " has every step."),
    h("p", { class: "small" }, `${result.duration_ms} ms, ${count(result.azure_devops_requests, "request")} to Azure DevOps. Operation `,
      h("code", {}, result.operation_id))));
  goTo(place.querySelector("h2"));
}

function sent(record, isRequirement, isDryRun) {
  const item = record.work_item;
  return h("li", { class: isRequirement ? "is-requirement" : "" },
    h("p", {}, h("strong", {}, record.reference_num || record.id), " ", badge(record.action, isDryRun), " ",
      item ? outwardLink(item.url, `${item.type} ${item.id}`) : null),
    record.error ? h("p", { class: "fault" }, record.error.detail) : null,
    record.conflicts.map((one) => h("p", { class: "small" },
      `The ${one.field} was changed on both sides. The value of ${one.kept === "aha" ? "Aha!" : "Azure DevOps"} was kept; revision ${one.overwritten_rev} has the other one.`)),
    record.attachments.map((one) => h("p", { class: "small" }, one.file_name, " ", badge(one.action, isDryRun),
      one.error ? h("span", { class: "fault" }, ` ${one.error.detail}`) : null)));
}

function badge(action, isDryRun) {
  const [kind, done, would] = WORDS[action] ?? ["open", action, action];
  return h("span", { class: `badge ${kind}` }, isDryRun ? would : done);
}
