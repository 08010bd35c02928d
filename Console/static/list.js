// The list of integrations, with the problems of each and what to do about them. It is kept up to date.
import { hookStatus, readList } from "./api.js";
import { announce, fill, forReaders, h } from "./dom.js";
import { ago, count, when } from "./format.js";
import { problemList } from "./health.js";
import { hookInWords, hookProblem } from "./hook_words.js";
import { draftOf, missing } from "./model.js";
import { problemBox } from "./progress.js";
import { isUnsaved } from "./state.js";

const EVERY_MILLISECONDS = 30_000;

export async function showList(place) {
  document.title = "Integrations · Aha! to Azure DevOps";
  const view = { place, cards: new Map(), hooks: new Map(), isOver: false, isLoading: false };
  const reload = (isReturn) => document.hidden || view.isLoading || load(view, isReturn);
  const comeBack = () => reload(true);
  addEventListener("focus", comeBack);
  document.addEventListener("visibilitychange", comeBack);
  await load(view, true);
  const timer = setInterval(() => reload(false), EVERY_MILLISECONDS);
  return () => {
    view.isOver = true;
    clearInterval(timer);
    removeEventListener("focus", comeBack);
    document.removeEventListener("visibilitychange", comeBack);
  };
}

/** Reads everything again. Reading a service hook asks Azure DevOps and is logged, so only `withHooks` reads them. */
async function load(view, withHooks) {
  view.isLoading = true;
  try {
    const { integrations, unreadable } = await readList();
    if (view.isOver) return;
    show(view, integrations, unreadable);
    if (withHooks && view.list) for (const one of integrations) readHook(view, integrations, one);
  } catch (error) {
    if (view.isOver) return;
    view.list = null;
    fill(view.place, h("h1", {}, "Integrations"), problemBox(error, () => load(view, true)));
  } finally {
    view.isLoading = false;
  }
}

function show(view, integrations, unreadable) {
  const { place } = view;
  const create = h("a", { class: "button primary", href: "#/new" },
    isUnsaved(null) ? "Continue with the new integration" : "New integration");
  if (!integrations.length && !unreadable.length) {
    view.list = null;
    fill(place, h("section", { class: "empty" },
      h("h1", {}, "Connect a product with a project"),
      h("p", {}, "An integration sends the features of one Aha! product to one Azure DevOps project, and writes changes of "
        + "name, description and state back to Aha!. The setup takes about five minutes."),
      h("p", {}, "You need a personal access token of Azure DevOps and an API key of Aha!; the form explains how to create them."),
      create));
    return;
  }
  if (!view.list) {
    view.cards.clear();
    view.list = h("ul", { class: "cards" });
    view.unreadable = h("div", {});
    fill(place, h("div", { class: "heading" }, h("h1", {}, "Integrations"), create), view.unreadable, view.list);
    announce(summary(integrations));
  }
  fill(view.unreadable, unreadable.map((one) => h("p", { class: "problem" }, one.detail)));
  showCards(view, integrations);
}

function summary(integrations) {
  const bad = integrations.filter((one) => one.health?.open_problems.length).length;
  return count(integrations.length, "integration") + (bad ? `, ${bad} with problems` : "");
}

/** Renders the changed cards again. The others stay, with their open details. */
function showCards(view, integrations) {
  const nodes = integrations.map((one) => {
    const hook = view.hooks.get(one.integration_id);
    const key = JSON.stringify([one, hook, ago(one.health?.last_sent_at), ago(one.health?.last_received_at)]);
    const before = view.cards.get(one.integration_id);
    if (before?.key === key) return before.node;
    const node = card(one, hook);
    const details = node.querySelector("details");
    if (details && before?.node.querySelector("details")?.open) details.open = true;
    view.cards.set(one.integration_id, { key, node });
    return node;
  });
  const focused = document.activeElement?.closest(".card") ? document.activeElement.dataset.name : null;
  const place = document.activeElement?.closest(".card")?.dataset.id;
  const wanted = new Set(nodes);
  for (const node of [...view.list.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, at) => {
    if (view.list.children[at] !== node) view.list.insertBefore(node, view.list.children[at] ?? null);
  });
  if (focused && !document.activeElement?.closest(".card")) {
    view.list.querySelector(`[data-id="${CSS.escape(place)}"] [data-name="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

/** Asks Azure DevOps about the service hook of an integration that should have one. */
async function readHook(view, integrations, one) {
  if (!one.enabled) return;
  let found;
  try {
    found = await hookStatus(one.integration_id);
  } catch {
    // The reason is in the log, so it is a problem of the integration.
    found = null;
  }
  if (view.isOver || !view.list) return;
  view.hooks.set(one.integration_id, found);
  showCards(view, integrations);
}

const isBackToAha = ({ aha }) => Boolean(aha.url && aha.api_token_set);

/** The state of an integration in a word, and the missing values. */
export function stateOf(integration, hook) {
  const lacks = missing({ draft: draftOf(integration), saved: integration, typed: {} });
  const isBad = integration.health?.open_problems.length || hookProblem(hook, isBackToAha(integration));
  if (integration.enabled) return isBad ? { word: "Needs attention", kind: "bad" } : { word: "Enabled", kind: "good" };
  if (lacks.length) return { word: "Incomplete", kind: "open", detail: `Missing: ${lacks.map((one) => one.words).join(", ")}.` };
  return { word: "Disabled", kind: "off", detail: "Complete, but not enabled." };
}

function card(integration, hook) {
  const { integration_id: id, name, health } = integration;
  const state = stateOf(integration, hook);
  const address = `#/i/${encodeURIComponent(id)}`;
  const target = integration.azure_devops;
  const link = (view, words, rest) => h("a", { href: `${address}${view}`, dataset: { name: words } }, words, forReaders(rest));
  return h("li", { class: "card", dataset: { id } },
    h("div", { class: "card-head" },
      h("h2", { dir: "auto", title: name }, h("a", { href: address, dataset: { name: "title" } }, name)),
      h("span", { class: `badge ${state.kind}` }, forReaders("State: "), state.word)),
    h("p", { class: "route" }, integration.product_id, h("span", { "aria-hidden": "true" }, " ⇄ "), forReaders(" with "),
      [target.account_name, target.project].filter(Boolean).join(" / ") || "no project yet"),
    state.detail ? h("p", { class: "small" }, state.detail) : null,
    isUnsaved(id) ? h("p", { class: "notice" }, "There are unsaved changes under ", h("a", { href: address }, "Set up"), ".") : null,
    problemsOf(integration, hook),
    h("dl", { class: "facts card-facts" },
      fact("Last sent", moment(health?.last_sent_at)), fact("Last received", moment(health?.last_received_at)),
      integration.enabled ? fact("Service hook", hookInWords(hook)) : null),
    h("p", { class: "card-links" },
      link("", "Set up", ` ${name}`), link("/hook", "Service hook", ` of ${name}`), link("/aha", "Let Aha! send", ` with ${name}`),
      link("/features", "Features", ` of ${name}`), link("/log", "Log", ` of ${name}`)));
}

const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

const moment = (time) => (time ? h("time", { datetime: time, title: when(time) }, ago(time)) : "Not yet");

/** The problems, which a person can open; null if none is known. */
function problemsOf(integration, hook) {
  const { integration_id: id, health } = integration;
  const problems = health?.open_problems ?? [];
  const hookWrong = hookProblem(hook, isBackToAha(integration));
  const number = problems.length + Number(Boolean(hookWrong));
  if (!number) return null;
  return h("details", { class: "card-problems" }, h("summary", { dataset: { name: "problems" } }, count(number, "problem")),
    problemList(id, problems),
    hookWrong ? h("div", { class: "problem" }, h("p", {}, h("strong", {}, "Service hook: "), hookInWords(hook)), h("p", {}, hookWrong),
      h("p", { class: "card-links" }, h("a", { href: `#/i/${encodeURIComponent(id)}/hook` }, hook.status || hook.outdated_subscription_ids.length ? "Repair it" : "Create it"))) : null);
}
