// The log's entries as operations: their kind, their outcome, and repeated lines. No input or output.
import { count } from "./format.js";

const REQUIREMENT = /^.+-\d+-\d+$/;
const KINDS_BY_EVENT = [
  ["reconcile.", "reconcile"], ["subscription.", "service_hook"], ["integration.", "configuration"],
  ["link.made", "link"], ["link.rebuilt", "link"], ["link.removed", "link"], ["notification.", "notification"], ["record.", "notification"],
  ["work-item.", "send"], ["attachment.", "send"], ["event.", "send"], ["send.", "send"],
];

export const isAnswered = (entry) => entry.event.endsWith(".request") && entry.level === "info";

/** A key for an entry, because entries have no id. */
export const keyOf = (entry) => [entry.time, entry.operation_id, entry.event, entry.message].join("|");

/** The errors without those that another error of the same operation repeats. */
export const distinctErrors = (entries) => entries.filter((entry) => !entries.some((other) => other !== entry
  && other.operation_id === entry.operation_id && other.message !== entry.message && other.message.endsWith(entry.message)));

/** The references, or else Aha! ids, of the records that an entry names. */
export function recordsOf({ detail }) {
  const names = [detail.reference || detail.aha_id, ...(Array.isArray(detail.references) ? detail.references : [])];
  return [...new Set(names.filter(Boolean).map(String))];
}

/** The ids of the work items that an entry names. */
export const workItemsOf = ({ detail }) =>
  [detail.work_item_id, detail.second_work_item_id].filter((id) => Number.isInteger(id));

/**
 * Operations of entries that are newest first; the operation with the newest entry is first, its own entries are oldest
 * first. `isPart`: the entries were filtered, so missing entries mean nothing.
 */
export function operationsOf(entries, isPart = false) {
  const found = new Map();
  for (const entry of entries) {
    if (!found.has(entry.operation_id)) found.set(entry.operation_id, []);
    found.get(entry.operation_id).unshift(entry);
  }
  return [...found].map(([id, own]) => operationOf(id, own, isPart));
}

function operationOf(id, entries, isPart) {
  const kind = kindOf(entries);
  const errors = entries.filter((one) => one.level === "error");
  return {
    id, entries, kind, time: entries.at(-1).time,
    title: titleOf(kind, entries),
    outcome: outcomeOf(kind, entries, isPart),
    errors: distinctErrors(errors).length,
    warnings: entries.filter((one) => one.level === "warning").length,
    message: leadOf(entries)?.message ?? "",
  };
}

function kindOf(entries) {
  const said = entries.find((one) => one.operation_kind)?.operation_kind;
  // An older version of the app did not say it.
  return said ?? KINDS_BY_EVENT.find(([start]) => entries.some((one) => one.event.startsWith(start)))?.[1] ?? null;
}

function titleOf(kind, entries) {
  const has = (event) => entries.some((one) => one.event === event);
  const records = [...new Set(entries.flatMap(recordsOf))];
  const record = records.find((one) => !REQUIREMENT.test(one)) ?? records[0];
  const [item] = entries.flatMap(workItemsOf);
  const of = (words) => (record ? `${words} of ${record}` : words);
  switch (kind) {
    case "send":
      if (has("event.ignored")) return "Event of Aha!";
      if (has("send.resumed")) return `${of("Send")}, continued by the timer`;
      return has("feature.changed") ? `${of("Send")}, which changed in Aha!` : of("Send");
    case "notification":
      return (item ? `Notification of work item ${item}` : "Notification") + (record ? ` (${record})` : "");
    case "reconcile":
      return records.length ? `Reconcile: ${some(records)}` : "Reconcile";
    case "link":
      if (has("link.rebuilt")) return `Links rebuilt: ${some(records)}`;
      return of(has("link.removed") ? "Unlinking" : "Link");
    case "standing":
      return record ? `Sync state of ${record}` : "List of features";
    default:
      return { service_hook: "Service hook", configuration: "Configuration" }[kind] ?? (isTest(kind, entries) ? "Connection test" : of("Operation"));
  }
}

/** A test of unsaved values has no kind, and only requests and their results. */
const isTest = (kind, entries) => kind === "connection_test"
  || (kind === null && entries.every((one) => one.event.endsWith(".request") || one.event.startsWith("operation.")));

const some = (names) => names.slice(0, 3).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");

const DONE = [
  ["work-item.created", (number) => `${number} created`], ["work-item.updated", (number) => `${number} updated`],
  ["record.changes", (number) => (number === 1 ? "Written to Aha!" : `${number} written to Aha!`)],
  ["integration.saved", () => "Saved"], ["link.made", () => "Linked"], ["link.removed", () => "Unlinked"], ["link.rebuilt", (number) => (number === 1 ? "Linked again" : `${number} linked again`)],
  ["subscription.created", () => "Created"], ["subscription.enabled", () => "Enabled"], ["subscription.renewed", () => "Renewed"],
  ["subscription.unchanged", () => "Works"], ["subscription.deleted", () => "Deleted"],
];
const NOTHING_TO_DO = [["notification.ignored", "Ignored"], ["event.ignored", "Ignored"], ["notification.nothing-to-do", "Nothing to change"]];
const WITHOUT_RESULT = {
  send: "Checked, nothing written", connection_test: "Passed", reconcile: "Nothing to change", standing: "Read", service_hook: "Read",
};

/** The outcome of the operation: {kind, words}; `kind` is that of a badge: good, off, open or bad. */
function outcomeOf(kind, entries, isPart) {
  const number = (event, level) => entries.filter((one) => one.event === event && (!level || one.level === level)).length;
  const done = DONE.filter(([event]) => number(event)).map(([event, words]) => words(number(event)));
  const unchanged = number("work-item.unchanged");
  if (unchanged && done.length) done.push(`${unchanged} unchanged`);
  if (entries.some((one) => one.level === "error")) {
    const failed = number("work-item.failed");
    return { kind: "bad", words: done.length ? [...done, failed ? `${failed} failed` : "not everything done"].join(", ") : "Failed" };
  }
  if (number("operation.refused")) return { kind: "open", words: "Refused" };
  if (number("send.unfinished")) return { kind: "open", words: [...done, done.length ? "not finished" : "Not finished"].join(", ") };
  if (done.length) return { kind: "good", words: done.join(", ") };
  if (unchanged) return { kind: "off", words: "Nothing to change" };
  const idle = NOTHING_TO_DO.find(([event]) => number(event))?.[1];
  return { kind: "off", words: idle ?? (isPart ? "" : WITHOUT_RESULT[kind] ?? "") };
}

/** The most important entry: the last error, else a refusal, else a warning, else the only result. */
function leadOf(entries) {
  const last = (fits) => entries.findLast(fits);
  const own = entries.filter((one) => !one.event.endsWith(".request") && one.event !== "event.received");
  return last((one) => one.level === "error") ?? last((one) => one.event === "operation.refused")
    ?? own.findLast((one) => one.level === "warning") ?? (own.length === 1 ? own[0] : undefined);
}

/** Operations with equal lines in a row, together: lists of operations, newest first. */
export function inRows(operations) {
  const line = ({ title, outcome, errors, warnings, message }) => JSON.stringify([title, outcome, errors, warnings, message]);
  return grouped(operations, (one, other) => line(one) === line(other));
}

/** Entries of an operation as lines: {entries, isRequests}. Answered requests in a row are one line, and so are equal entries. */
export function linesOf(entries) {
  const isSame = (one, other) => (isAnswered(one) && isAnswered(other))
    || (one.event === other.event && one.level === other.level && one.message === other.message);
  return grouped(entries, isSame).map((group) => ({ entries: group, isRequests: group.length > 1 && isAnswered(group[0]) }));
}

function grouped(items, isSame) {
  const groups = [];
  for (const item of items) {
    const group = groups.at(-1);
    if (group && isSame(group.at(-1), item)) group.push(item);
    else groups.push([item]);
  }
  return groups;
}

/** “5 requests, answered in 120 ms”. */
export function requestWords(entries) {
  const milliseconds = entries.reduce((sum, one) => sum + (one.detail.milliseconds ?? 0), 0);
  return `${count(entries.length, "request")}, answered in ${milliseconds} ms`;
}
