// The open problems of an integration in words, and what to do about them.
import { forReaders, h } from "./dom.js";
import { ago, count, when } from "./format.js";
import { logAddress } from "./log_links.js";

const TITLES = {
  azure_devops_token_expiring: "The Azure DevOps token expires soon",
  azure_devops_token_expired: "The Azure DevOps token expired",
  azure_devops_credentials_rejected: "Azure DevOps refused the token",
  aha_credentials_rejected: "Aha! refused the API key",
  storage_unavailable: "The log cannot be read",
};
const MOST_RECORDS = 12;
const SYSTEMS = [["azure_devops_", "Azure DevOps: "], ["aha_", "Aha!: "]];

/** An error code in words: “Azure DevOps: rule violation”. */
export function titleOf(code) {
  const [start, system] = SYSTEMS.find(([one]) => code.startsWith(one)) ?? ["", ""];
  const words = code.slice(start.length).replaceAll("_", " ");
  return TITLES[code] ?? (system ? system + words : words[0].toUpperCase() + words.slice(1));
}

/** The open problems as a list. Each says what is wrong and what to do, and links to its records and its operation. */
export function problemList(id, problems) {
  return h("ul", { class: "problems" }, problems.map((one) => h("li", { class: "problem" },
    h("p", {}, h("strong", {}, titleOf(one.code)), " ", h("time", { datetime: one.time, title: when(one.time), class: "small" }, ago(one.time))),
    h("p", {}, one.detail),
    one.records.length ? h("p", { class: "small" }, one.records.length === 1 ? "Record: " : `${one.records.length} records: `, records(id, one.records)) : null,
    h("p", { class: "card-links" },
      /_(credentials_rejected|token_expiring|token_expired)$/.test(one.code) ? h("a", { href: `#/i/${encodeURIComponent(id)}` }, "Save a new token") : null,
      one.operation_id && h("a", { href: logAddress(id, { operation_id: one.operation_id }) }, "What happened", forReaders(`: ${titleOf(one.code)}`))))));
}

function records(id, names) {
  const links = names.slice(0, MOST_RECORDS).flatMap((name) => [h("a", { href: logAddress(id, { reference: name }) }, name), ", "]);
  return [links.slice(0, -1), names.length > MOST_RECORDS ? ` and ${count(names.length - MOST_RECORDS, "other")}` : null];
}

/** The open problems above the log; null if there are none. */
export function problemsPanel(id, health) {
  const problems = health?.open_problems ?? [];
  return problems.length ? h("section", { class: "panel bad-panel", "aria-labelledby": "problems-title" },
    h("h2", { id: "problems-title" }, count(problems.length, "open problem")),
    problemList(id, problems),
    h("p", { class: "small" }, "A problem leaves this list when the same operation succeeds.")) : null;
}
