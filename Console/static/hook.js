// The webhook's address, and the subscription by which Azure DevOps calls it.
import { createHook, hookStatus, putIntegration } from "./api.js";
import { announce, button, fill, h, outwardLink } from "./dom.js";
import { bodyOf, draftOf } from "./model.js";
import { doneLine, isBusy, problemBox, withProgress } from "./progress.js";

const STATUS = {
  enabled: ["good", "Enabled", "Azure DevOps reports every changed work item."],
  onProbation: ["open", "Enabled (restricted)", "A delivery failed; Azure DevOps sends little until one works again. Once the cause is gone, switch it on again."],
  disabledBySystem: ["bad", "Disabled by Azure DevOps", "Too many deliveries failed. No change comes back until it is switched on again."],
  disabledByUser: ["off", "Disabled by a person", "Somebody switched it off in Azure DevOps."],
  disabledByInactiveIdentity: ["bad", "Disabled", "Who made it has left the organization. Switch it on with another token."],
};

export function showHook(place, state) {
  const { saved } = state;
  const target = saved.azure_devops;
  const status = h("div", { class: "outcome" });
  const settings = outwardLink(target.account_name && target.project
    ? `https://dev.azure.com/${encodeURIComponent(target.account_name)}/${encodeURIComponent(target.project)}/_settings/serviceHooks` : "",
  "Project settings → Service hooks");
  fill(place,
    h("section", { class: "panel" },
      h("h2", {}, "Changes that come back"),
      h("p", {}, "When an engineer changes the name, the description or the state of a work item, Azure DevOps calls this "
        + "integration's webhook. For that it needs a ", h("i", {}, "subscription"), "."),
      status),
    h("section", { class: "panel" },
      h("h2", { id: "url-title" }, "Webhook URL"),
      copyField(saved.webhook_url),
      h("p", { class: "hint" }, "Whoever knows it can make the app look at a work item, and nothing more."),
      renewal(state)),
    h("section", { class: "panel" },
      h("h2", {}, "Create the subscription by hand"),
      h("p", {}, "You need to be an administrator of the project."), steps(settings)));
  if (!target.project) fill(status, h("p", { class: "notice" }, "Choose and save a project first."));
  else look(state, status);
}

async function look(state, place) {
  const found = await withProgress(place, "Asking Azure DevOps for the subscription…", () => hookStatus(state.id), {
    failed: (error) => fill(place, problemBox(error, () => look(state, place)), createButton(state, place)),
  });
  if (found) show(state, place, found);
}

function show(state, place, found, words) {
  if (!found.status) {
    fill(place, h("p", {}, h("span", { class: "badge open" }, "No subscription"), " Azure DevOps does not report changes yet."),
      createButton(state, place));
    return;
  }
  const [kind, name, meaning] = STATUS[found.status] ?? ["open", found.status, ""];
  fill(place, words ? doneLine(words) : null,
    h("p", {}, h("span", { class: `badge ${kind}` }, name), ` ${meaning}`),
    h("p", { class: "small" }, "Subscription ", h("code", {}, found.subscription_id)),
    found.status === "enabled" ? null : createButton(state, place, "Switch it on again"));
}

function createButton(state, place, text = "Create the subscription for me") {
  const outcome = h("div", {});
  const create = button(text, async () => {
    if (isBusy(create)) return;
    const made = await withProgress(outcome, "Azure DevOps is being asked…", () => createHook(state.id), { buttons: [create] });
    if (!made) return;
    const words = made.created ? "The subscription was created." : "The subscription was there already and works now.";
    announce(words);
    show(state, place, made, words);
  }, "primary");
  return h("div", {}, h("div", { class: "row" }, create), h("p", { class: "hint" },
    "It reports work items of the whole project, so that those moved to other areas are not missed. What was not sent from "
    + "Aha! is ignored."), outcome);
}

function copyField(url) {
  const input = h("input", { type: "text", readonly: true, value: url, "aria-labelledby": "url-title", class: "code", onfocus: () => input.select() });
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(url);
    } catch {
      // Without leave to use the clipboard: the old way, for what is selected.
      input.select();
      document.execCommand("copy");
    }
    fill(copy, "Copied");
    announce("The webhook URL was copied.");
    setTimeout(() => fill(copy, "Copy"), 2000);
  });
  return h("div", { class: "with-copy" }, input, copy);
}

function renewal(state) {
  const place = h("div", { class: "outcome" });
  const renew = button("Make a new URL", async () => {
    if (isBusy(renew)) return;
    const body = { ...bodyOf(draftOf(state.saved), {}), rotate_webhook_url: true };
    const answer = await withProgress(place, "Making a new URL…", () => putIntegration(state.id, body, state.etag), { buttons: [renew] });
    if (answer) state.isDirty ? state.merge(answer.body, answer.etag, state.draft) : state.replace(answer.body, answer.etag, "");
  }, "danger");
  return h("details", { class: "help" }, h("summary", {}, "The URL got into wrong hands?"),
    h("p", {}, "A new one makes this one useless at once. The subscription must be given the new one."), renew, place);
}

function steps(settings) {
  const pick = (label, value) => h("div", { class: "pick" }, h("span", { class: "pick-label" }, label), h("span", { class: "pick-value" }, value));
  const step = (title, ...body) => h("li", {}, h("p", {}, h("strong", {}, title)), body.length ? h("div", { class: "mock" }, body) : null);
  return h("ol", { class: "hook-steps" },
    step(["Open ", settings, " and press +"]),
    step("Service", pick("Service", "Web Hooks")),
    step("Trigger", pick("Trigger on this type of event", "Work item updated"), pick("Area path", "[Any]"),
      pick("Work item type", "[Any]"), pick("Field", "[Any]")),
    step("Action", pick("URL", "the webhook URL above"), pick("HTTP headers, user name, password", "leave empty"),
      pick("Resource details to send", "All"), pick("Messages to send", "None"), pick("Detailed messages to send", "None")),
    step("Press Test, then Finish", pick("Response", "200, “test_notification”")));
}
