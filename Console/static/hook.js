// The subscription with which Azure DevOps calls the webhook: its status, and how the app or a person creates it.
import { createHook, hookStatus } from "./api.js";
import { copyField } from "./copy_field.js";
import { announce, button, fill, h, outwardLink } from "./dom.js";
import { hookWords } from "./hook_words.js";
import { doneLine, isBusy, problemBox, withProgress } from "./progress.js";
import { renewal } from "./webhook_url.js";

export function showHook(place, state) {
  const { saved } = state;
  const target = saved.azure_devops;
  const status = h("div", { class: "outcome" });
  const settings = h("span", {});
  const view = { state, status, settings };
  showSettings(view, state.account?.url);
  fill(place,
    h("section", { class: "panel" },
      h("h2", {}, "Changes in Azure DevOps"),
      h("p", {}, "When an engineer changes the name, the description or the state of a work item, Azure DevOps calls this "
        + "integration's webhook. It needs a ", h("i", {}, "subscription"), " to do so."),
      status),
    h("section", { class: "panel" },
      h("h2", { id: "url-title" }, "Webhook URL"),
      copyField(saved.webhook_url, { title: "url-title", announced: "The webhook URL was copied." }),
      h("p", { class: "hint" }, "Whoever knows this URL can only make the app read a work item."),
      renewal(state, () => view.found)),
    h("section", { class: "panel" },
      h("h2", {}, "Create the subscription by hand"),
      h("p", {}, "You need to be an administrator of the project."), handSteps(settings)));
  if (!target.project) fill(status, h("p", { class: "notice" }, "Choose and save a project first."));
  else readHook(view, takeMessage(state));
}

/** The last action on the subscription before the view was rendered again. */
function takeMessage(state) {
  const { hookMessage } = state;
  state.hookMessage = null;
  return hookMessage;
}

/** The link to the subscriptions in Azure DevOps, below the account's own URL once that is known. */
function showSettings({ state, settings }, accountUrl) {
  const { account_name: account, project } = state.saved.azure_devops;
  const base = accountUrl ?? `https://dev.azure.com/${encodeURIComponent(account)}`;
  fill(settings, outwardLink(account && project ? `${base}/${encodeURIComponent(project)}/_settings/serviceHooks` : "",
    "Project settings → Service hooks"));
}

async function readHook(view, message) {
  const { state, status } = view;
  const found = await withProgress(status, "Asking Azure DevOps for the subscription…", () => hookStatus(state.id), {
    failed: (error) => fill(status, message?.failed ? notGiven(message.failed) : null,
      problemBox(error, () => readHook(view, message)), toSetUp(state, error), createButton(view)),
  });
  if (!found) return;
  view.found = found;
  showSettings(view, found.account_url);
  show(view, found, message);
}

/** A link to where a new token is saved, if the token was refused. */
const toSetUp = (state, error) => (error.code === "azure_devops_credentials_rejected"
  ? h("p", {}, h("a", { href: `#/i/${encodeURIComponent(state.id)}` }, "Save a new token under Set up"), ".") : null);

const notGiven = (error) => h("div", { class: "problem", role: "alert" },
  h("p", {}, h("strong", {}, "The webhook URL was replaced, but the subscription still calls the old one"), ". ", error.detail));

function show(view, found, message) {
  const { status: place } = view;
  const failed = message?.failed ? notGiven(message.failed) : null;
  if (!found.status) {
    fill(place, failed, found.outdated_subscription_ids?.length ? outdated(view, found)
      : [h("p", {}, h("span", { class: "badge open" }, "No subscription"), " Azure DevOps does not report changes yet."), createButton(view)]);
    return;
  }
  const { kind, name, meaning } = hookWords(found.status);
  fill(place, message?.done ? doneLine(message.done) : null, failed,
    h("p", {}, h("span", { class: `badge ${kind}` }, name), ` ${meaning}`),
    h("p", { class: "small" }, "Subscription ", h("code", {}, found.subscription_id)),
    found.status === "enabled" ? null : createButton(view, "Enable it again"),
    found.status === "enabled" && message?.done ? h("p", {}, "Next: ",
      h("a", { href: `#/i/${encodeURIComponent(view.state.id)}/aha` }, "let Aha! send"), ", or ",
      h("a", { href: `#/i/${encodeURIComponent(view.state.id)}/features` }, "send a feature"), ".") : null);
}

/** A subscription with an earlier URL: the app or a person can change the URL. */
function outdated(view, found) {
  return [
    h("p", {}, h("span", { class: "badge bad" }, "Old webhook URL"), " The subscription in Azure DevOps calls an earlier URL of this "
      + "integration, so changes do not reach Aha!."),
    createButton(view, "Change it to the new URL"),
    h("p", { class: "hint" }, "By hand: in ", view.settings.cloneNode(true), ", edit the subscription ",
      h("code", {}, found.outdated_subscription_ids.join(", ")), " and paste the URL below, or delete it and create another."),
  ];
}

const CREATE = "Create the subscription";

function createButton(view, text = CREATE) {
  const outcome = h("div", {});
  const create = button(text, async () => {
    if (isBusy(create)) return;
    const made = await withProgress(outcome, "Creating the subscription…", () => createHook(view.state.id), { buttons: [create] });
    if (!made) return;
    const done = made.created ? "The subscription was created." : "The subscription already existed. It works now.";
    announce(done);
    show(view, made, { done });
  }, "primary");
  return h("div", {}, h("div", { class: "row" }, create), text === CREATE ? h("p", { class: "hint" },
    "It reports the work items of the whole project, so that work items moved to other areas are reported too. Work items "
    + "that were not sent from Aha! are ignored.") : null, outcome);
}

function handSteps(settings) {
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
