// The list of integrations: the state of each, its last operation, and its errors of the last day.
import { listIntegrations, readLog } from "./api.js";
import { announce, fill, forReaders, h } from "./dom.js";
import { ago, count, when } from "./format.js";
import { distinctErrors } from "./log_errors.js";
import { draftOf, missing } from "./model.js";
import { problemBox } from "./progress.js";
import { isUnsaved } from "./state.js";

const DAY = 86_400_000;
const MOST_ERRORS = 100;

export async function showList(place) {
  document.title = "Integrations · Aha! to Azure DevOps";
  const aborter = new AbortController();
  await load(place, aborter.signal);
  return () => aborter.abort();
}

async function load(place, signal) {
  let integrations;
  try {
    integrations = await listIntegrations();
  } catch (error) {
    fill(place, h("h1", {}, "Integrations"), problemBox(error, () => load(place, signal)));
    return;
  }
  const create = h("a", { class: "button primary", href: "#/new" },
    isUnsaved(null) ? "Continue with the new integration" : "New integration");
  if (!integrations.length) {
    fill(place, h("section", { class: "empty" },
      h("h1", {}, "Connect a product with a project"),
      h("p", {}, "An integration sends the features of one Aha! product to one Azure DevOps project, and brings changes of "
        + "name, description and state back. It takes about five minutes."),
      h("p", {}, "You need a personal access token of Azure DevOps and an API key of Aha!; the form explains how to create them."),
      create));
    return;
  }
  fill(place,
    h("div", { class: "heading" }, h("h1", {}, "Integrations"), create),
    h("ul", { class: "cards" }, integrations.map((one) => card(one, signal))));
  announce(count(integrations.length, "integration"));
}

/** The state of an integration in a word, and what is missing. */
export function stateOf(integration) {
  const lacks = missing({ draft: draftOf(integration), saved: integration, typed: {} });
  if (integration.enabled) return { word: "Enabled", kind: "good" };
  if (lacks.length) return { word: "Incomplete", kind: "open", detail: `Missing: ${lacks.map((one) => one.words).join(", ")}.` };
  return { word: "Disabled", kind: "off", detail: "Complete, but not enabled." };
}

function card(integration, signal) {
  const state = stateOf(integration);
  const address = `#/i/${encodeURIComponent(integration.integration_id)}`;
  const target = integration.azure_devops;
  const last = h("dd", {}, "…");
  const errors = h("dd", {}, "…");
  look(integration.integration_id, last, errors, address, signal);
  return h("li", { class: "card" },
    h("div", { class: "card-head" },
      h("h2", {}, h("a", { href: address }, integration.name)),
      h("span", { class: `badge ${state.kind}` }, forReaders("State: "), state.word)),
    h("p", { class: "route" }, integration.product_id, h("span", { "aria-hidden": "true" }, " ⇄ "), forReaders(" with "),
      [target.account_name, target.project].filter(Boolean).join(" / ") || "no project yet"),
    state.detail ? h("p", { class: "small" }, state.detail) : null,
    isUnsaved(integration.integration_id) ? h("p", { class: "notice" }, "There are unsaved changes under ", h("a", { href: address }, "Set up"), ".") : null,
    h("dl", { class: "facts" },
      h("div", {}, h("dt", {}, "Last operation"), last),
      h("div", {}, h("dt", {}, "Errors in the last day"), errors)),
    h("p", { class: "card-links" },
      h("a", { href: address }, "Set up", forReaders(` ${integration.name}`)),
      h("a", { href: `${address}/hook` }, "Service hook", forReaders(` of ${integration.name}`)),
      h("a", { href: `${address}/aha` }, "Let Aha! send", forReaders(` with ${integration.name}`)),
      h("a", { href: `${address}/send` }, "Send a sample", forReaders(` with ${integration.name}`)),
      h("a", { href: `${address}/log` }, "Log", forReaders(` of ${integration.name}`))));
}

async function look(id, last, errors, address, signal) {
  try {
    const [newest, failed] = await Promise.all([
      readLog(id, { limit: 50 }, signal),
      readLog(id, { limit: MOST_ERRORS, level: "error" }, signal),
    ]);
    // The newest entry that is not about a single request.
    const entry = newest.entries.find((one) => !one.event.endsWith(".request")) ?? newest.entries[0];
    fill(last, entry
      ? [h("span", {}, entry.message), " ", h("time", { datetime: entry.time, title: when(entry.time), class: "small" }, ago(entry.time))]
      : "Nothing yet");
    const since = Date.now() - DAY;
    const recent = distinctErrors(failed.entries).filter((one) => Date.parse(one.time) > since).length;
    const words = failed.next ? `${recent} or more errors` : count(recent, "error");
    fill(errors, recent ? h("a", { class: "bad", href: `${address}/log` }, words) : "None");
  } catch (error) {
    if (error.name === "AbortError") return;
    fill(last, "The log could not be read");
    fill(errors, "Unknown");
  }
}
