// Set up Aha!'s own Integration webhook, and wait until Aha! sends the first feature.
import { watchArrivals } from "./aha_arrivals.js";
import { keyOpens } from "./api.js";
import { copyField } from "./copy_field.js";
import { fill, forReaders, h } from "./dom.js";
import { field } from "./fields.js";
import { sendAddress } from "./model.js";
import { doneLine, withProgress } from "./progress.js";

const COMMAND = ["az functionapp function keys set", "--resource-group GROUP", "--name APP", "--function-name SendFeature", "--key-name aha"];
const HIDDEN = "•".repeat(12);

// Kept only while the page is loaded.
const keys = new Map();

export function showAhaSend(place, state) {
  const { saved } = state;
  const url = h("div", {});
  const showUrl = () => fill(url, urlField(saved, keys.get(state.id) ?? ""));
  showUrl();
  fill(place,
    h("p", { class: "lead" }, "A product manager sends a feature from its page in Aha!, with the button ", h("i", {}, "Send"), " next to the "
      + "field ", h("i", {}, "Integrations"), ". Aha! calls this its ", h("i", {}, "Integration webhook"), ". Nothing needs to be installed."),
    saved.enabled ? null : h("p", { class: "notice" }, "The integration is not enabled, so the app refuses what Aha! sends. ",
      h("a", { href: `#/i/${encodeURIComponent(state.id)}` }, "Set it up"), " first."),
    step(1, "Create a key for Aha!", keyStep(state, showUrl)),
    step(2, "Copy the Hook URL", url),
    step(3, "Paste it in Aha!", inAha()),
    step(4, "Press Send in Aha!", watchedStep(state)),
    otherWay());
  return watchArrivals(place.querySelector("#arrivals"), state.id);
}

const step = (number, title, ...body) => h("section", { class: "step" },
  h("h2", { id: `aha-step-${number}` }, h("span", { class: "number", "aria-hidden": "true" }, String(number)), forReaders(`Step ${number}: `), title),
  h("div", { class: "step-body" }, body));

function keyStep(state, showUrl) {
  const outcome = h("div", { class: "outcome" });
  const input = h("input", {
    type: "password", autocomplete: "off", spellcheck: "false", value: keys.get(state.id) ?? "",
    oninput: () => {
      keys.set(state.id, input.value.trim());
      fill(outcome);
      showUrl();
    },
    onchange: () => input.value.trim() && check(state.id, input.value.trim(), outcome),
  });
  return [
    h("p", {}, "The key is part of the Hook URL, so use a key that opens only the function ", h("code", {}, "SendFeature"), ". In the "
      + "Azure portal, open the function app, then ", h("i", {}, "SendFeature → Function keys → Create new"), ", or run:"),
    h("p", { class: "command" }, COMMAND.map((part) => [h("code", {}, part), " "])),
    h("p", { class: "hint" }, "On your own machine, ", h("code", {}, "python dev.py run"), " prints it as ", h("i", {}, "a key of SendFeature alone"), "."),
    field("Key of SendFeature", input, { hint: "It stays in this tab until you close or reload it, and is never saved." }),
    outcome,
  ];
}

async function check(id, key, outcome) {
  const opens = await withProgress(outcome, "Testing the key…", () => keyOpens(id, key));
  if (!opens) return;
  if (!opens.sendFeature) {
    fill(outcome, h("p", { class: "problem", role: "alert" }, "The function app does not accept this key. Check that you copied all of it."));
  } else if (opens.others) {
    fill(outcome, h("p", { class: "notice", role: "alert" }, "This key works, but it opens every function of the app: with it, people can change "
      + "integrations. Create a key that opens only SendFeature."));
  } else {
    fill(outcome, doneLine("The key opens only SendFeature."));
  }
}

function urlField(saved, key) {
  const address = sendAddress(saved);
  const isLocal = ["localhost", "127.0.0.1"].includes(new URL(address).hostname);
  return [
    h("p", { class: "label", id: "hook-url-title" }, "Hook URL"),
    copyField(`${address}?code=${key ? encodeURIComponent(key) : "KEY"}`, {
      title: "hook-url-title", shown: `${address}?code=${key ? HIDDEN : "KEY"}`,
      announced: key ? "The Hook URL was copied with the key." : "The Hook URL was copied without a key.",
    }),
    h("p", { class: "hint" }, key ? "The copied URL has the key instead of the dots. Treat the whole URL as a secret."
      : "Enter the key above. Until then, replace KEY yourself."),
    isLocal ? h("p", { class: "hint" }, "Only programs on this machine reach this address, such as the sandbox Aha!.") : null,
  ];
}

function inAha() {
  const pick = (label, value) => h("div", { class: "pick" }, h("span", { class: "pick-label" }, label), h("span", { class: "pick-value" }, value));
  return [
    h("p", {}, "You need to be an owner of the workspace."),
    h("ol", { class: "hook-steps" },
      h("li", {}, h("p", {}, "Open ", h("strong", {}, "Settings → Workspace → Integrations"), " and add an ", h("strong", {}, "Integration webhook"), "."),
        h("div", { class: "mock" }, pick("Integration name", "Azure DevOps"), pick("Hook URL", "the URL above"))),
      h("li", {}, h("p", {}, "Switch on ", h("strong", {}, "Enabled"), "."))),
  ];
}

function watchedStep(state) {
  return [
    h("p", {}, "Open a feature of the product ", h("strong", {}, state.saved.product_id), " in Aha!. Next to ", h("i", {}, "Integrations"),
      " choose ", h("strong", {}, "Send → Send to Azure DevOps"), ", or what you named the integration. This creates real work items."),
    h("div", { id: "arrivals", class: "arrivals" }),
    h("details", { class: "help" }, h("summary", {}, "Nothing arrives?"),
      h("p", {}, "Open the integration in Aha! again. Its log has a line for each call:"),
      h("ul", {},
        h("li", {}, h("strong", {}, "401"), ": the key in the Hook URL is wrong or was deleted. Copy the URL again."),
        h("li", {}, h("strong", {}, "404"), ": the address is not the one above."),
        h("li", {}, h("strong", {}, "A time-out, or no answer"), ": the function app does not accept calls from Aha!'s servers. Check its access restrictions."),
        h("li", {}, h("strong", {}, "No line"), ": the integration is not enabled in Aha!, or the feature is in another workspace."))),
  ];
}

const otherWay = () => h("section", { class: "panel" },
  h("h2", {}, "Another way: the Aha! extension"),
  h("p", {}, "The extension adds a button and a field to features, which show the work item of each record, its state, and error messages. An "
    + "account administrator installs it with the key of step 1. ", h("code", {}, "extension/README.md"), " in the source of this app describes how."));
