// Send an event as JSON, for records that Aha! does not show: first as a check, then as a send.
import { sendFeature } from "./api.js";
import { button, fill, h } from "./dom.js";
import { resultList, resultSummary } from "./feature_result.js";
import { clearFault, field, showFaults } from "./fields.js";
import { isBusy, problemBox, withProgress } from "./progress.js";

/** `changed` is called after a send. `isOpen`: there is no other way to send. */
export function eventByHand(state, changed, isOpen) {
  const outcome = h("div", { class: "outcome" });
  const text = h("textarea", { rows: 10, class: "code", spellcheck: "false", placeholder: '{"event": "create_feature", "feature": {…}}', oninput: () => forget() });
  const file = h("input", { type: "file", accept: ".json,application/json", onchange: async () => {
    if (!file.files.length) return;
    text.value = await file.files[0].text();
    forget();
  } });
  const check = button("Check the event", () => run(true));
  const send = button("Send the event", () => run(false), "", { disabled: true });
  const forget = () => {
    send.disabled = true;
    fill(outcome);
    clearFault(text);
  };
  const refuse = (detail) => showFaults(element, [{ pointer: "/event", detail }]);
  const failed = (error) => (error.errors?.length ? refuse(error.errors.map((one) => `${one.pointer} ${one.detail}`).join("; ")) : fill(outcome, problemBox(error)));
  const run = async (isDryRun) => {
    if (isBusy(check) || isBusy(send)) return;
    clearFault(text);
    const fault = jsonFault(text.value);
    if (fault) {
      refuse(fault);
      return;
    }
    const answer = await withProgress(outcome, isDryRun ? "Checking…" : "Sending…", () => sendFeature(state.id, text.value, isDryRun), { buttons: [check, send], failed });
    if (!answer) return;
    if (answer.body.status === "ignored") {
      fill(outcome, h("p", { class: "notice" }, "This is an event about a release. Only features are sent, so nothing was done."));
      return;
    }
    fill(outcome, resultSummary(answer.body, isDryRun, state.id), resultList(answer.body, isDryRun));
    send.disabled = isDryRun && !answer.body.feature.work_item && answer.body.feature.action === "failed";
    if (!isDryRun) changed();
  };
  const element = h("details", { class: "panel by-hand", open: isOpen },
    h("summary", {}, "Send an event by hand"),
    h("p", { class: "hint" }, "Paste the event that your product tool sends, or just ", h("code", {}, '{"feature": {…}}'), ". Check it first; the check writes nothing."),
    field("Event as JSON", text, { pointer: "/event" }),
    h("div", { class: "file" }, field("Or load a file", file)),
    h("div", { class: "row" }, check, send), outcome);
  return element;
}

function jsonFault(text) {
  if (!text.trim()) return "Paste an event first.";
  try {
    const value = JSON.parse(text);
    return value?.feature || value?.release ? "" : "This JSON has no “feature”. It must look like {\"feature\": {\"id\": …, \"name\": …}}.";
  } catch (error) {
    return `This is not valid JSON: ${error.message}.`;
  }
}
