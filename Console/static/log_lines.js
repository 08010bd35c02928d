// Lines of the log: an operation that opens, and its entries.
import { fill, forReaders, h, outwardLink } from "./dom.js";
import { count, timeOfDay, when } from "./format.js";
import { logAddress, recordPage, workItemPage } from "./log_links.js";
import { keyOf, linesOf, recordsOf, requestWords, workItemsOf } from "./log_operations.js";

const LEVELS = { warning: ["open", "Warning"], error: ["bad", "Error"] };
const MOST_NAMES = 5;

/**
 * A row of the log: one operation, or equal ones in a row. `view` is {integration, entries, conditions, open}; `open` has
 * the keys of open details, so that they stay open when the row is rendered again.
 */
export function operationRow(operations, view) {
  const [newest] = operations;
  // The oldest one's id stays the same while equal ones arrive.
  const key = operations.length > 1 ? `row:${operations.at(-1).id}` : newest.id;
  const body = () => (operations.length > 1
    ? h("ol", { class: "operations", "aria-label": `${operations.length} equal operations` },
      operations.map((one) => operationRow([one], view)))
    : operationBody(newest, view));
  return h("li", { class: "operation" }, opening("operation-line", key, view, summaryOf(operations), body));
}

/** A details element whose body is made when it opens. */
function opening(kind, key, { open }, summary, body) {
  const place = h("div", {});
  const details = h("details", { class: kind, open: open.has(key), dataset: { key }, ontoggle: () => {
    if (details.open) open.add(key);
    else open.delete(key);
    if (details.open && !place.childElementCount) fill(place, body());
  } }, h("summary", {}, summary), place);
  if (details.open) fill(place, body());
  return details;
}

function summaryOf(operations) {
  const [{ time, title, outcome, errors, warnings, message }] = operations;
  return [
    h("time", { datetime: time, title: when(time) }, timeOfDay(time)),
    h("span", { class: "what" }, h("span", { class: "title" }, title), times(operations, "operations")),
    h("span", { class: "marks" },
      outcome.words ? h("span", { class: `badge ${outcome.kind}` }, outcome.words) : null,
      errors ? h("span", { class: "mark bad" }, count(errors, "error")) : null,
      warnings ? h("span", { class: "mark open" }, count(warnings, "warning")) : null),
    message ? h("span", { class: "message" }, message) : null,
  ];
}

const times = (items, what) => (items.length > 1
  ? h("span", { class: "chip" }, h("span", { "aria-hidden": "true" }, `× ${items.length}`), forReaders(` ${items.length} ${what} in a row`)) : null);

function operationBody(operation, view) {
  return h("div", { class: "operation-body" },
    h("ol", { class: "entries", "aria-label": "Entries, oldest first" }, linesOf(operation.entries).map((line) => lineRow(line, view))),
    h("p", { class: "small" }, "Operation ", h("code", {}, operation.id), " ",
      view.conditions.operation_id ? null
        : h("a", { href: logAddress(view.integration.integration_id, { operation_id: operation.id }) }, "Show only this operation")));
}

function lineRow({ entries, isRequests }, view) {
  const [entry] = entries;
  const summary = [
    h("time", { datetime: entry.time, title: when(entry.time) }, timeOfDay(entry.time)),
    h("span", { class: "message" }, badgeOf(entry), isRequests ? requestWords(entries) : entry.message, isRequests ? null : times(entries, "equal entries")),
  ];
  const body = () => (isRequests
    ? h("ol", { class: "entries", "aria-label": "Requests, oldest first" }, entries.map((one) => lineRow({ entries: [one] }, view)))
    : entryBody(entry));
  return h("li", { class: entry.event.endsWith(".request") ? "entry is-request" : "entry" },
    opening("entry-line", isRequests ? `requests:${keyOf(entry)}` : keyOf(entry), view, summary, body),
    entry.remedy && entry.level !== "info" && !entry.event.endsWith(".request") ? h("p", { class: "todo" }, h("strong", {}, "What to do: "), marked(entry.remedy)) : null,
    entry.event.endsWith(".request") ? null : names(entry, view));
}

function badgeOf(entry) {
  const [kind, word] = LEVELS[entry.level] ?? [];
  return word ? [h("span", { class: `badge ${kind}` }, word), " "] : null;
}

/** Renders Markdown's code and emphasis, which remedies use. */
export const marked = (text) => text.split(/(`[^`]+`|\*[^*]+\*)/).map((part) => (
  part.startsWith("`") ? h("code", {}, part.slice(1, -1)) : part.startsWith("*") ? h("em", {}, part.slice(1, -1)) : part));

/** Links to the record and the work item that an entry names, and to all log entries about the record. */
function names(entry, { integration, entries, conditions }) {
  const records = recordsOf(entry);
  const shown = records.slice(0, MOST_NAMES).map((one) => {
    const isShown = one.toLowerCase() === conditions.reference?.toLowerCase();
    return h("span", {}, outwardLink(recordPage(integration, one), one), isShown ? null
      : [" ", h("a", { class: "only", href: logAddress(integration.integration_id, { reference: one }) }, "history", forReaders(` of ${one}`))]);
  });
  const items = workItemsOf(entry).map((id) => h("span", {}, outwardLink(workItemPage(integration, entries, id), `Work item ${id}`)));
  const rest = records.length - MOST_NAMES;
  return shown.length || items.length ? h("p", { class: "names" }, shown, rest > 0 ? `and ${count(rest, "other record")}` : null, items) : null;
}

function entryBody(entry) {
  const rows = [["event", entry.event], ...Object.entries(entry.detail)].filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts rows" }, rows.map(([name, value]) =>
    h("div", {}, h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value)))));
}
