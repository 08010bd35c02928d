// What the configuration page makes of the log's entries. Run by Node through test_units.py.
import assert from "node:assert/strict";
import test from "node:test";
import { inRows, linesOf, operationsOf, requestWords } from "../../Console/static/log_operations.js";

let second = 0;

/** An entry that is later than those made before it. */
function entry(event, { id = "op-1", kind = "send", level = "info", message = event, ...detail } = {}) {
  second += 1;
  const time = new Date(Date.UTC(2026, 10, 26, 12, 0, second)).toISOString();
  return { time, level, operation_id: id, operation_kind: kind, event, message, detail, remedy: null };
}

/** The only operation of entries that are given oldest first. */
const only = (entries, isPart = false) => {
  const operations = operationsOf([...entries].reverse(), isPart);
  assert.equal(operations.length, 1);
  return operations[0];
};

const request = (milliseconds, more = {}) => entry("azure-devops.request", { milliseconds, message: `GET … → 200 in ${milliseconds} ms`, ...more });

test("a send is named after its feature and says what it came to", () => {
  const operation = only([
    entry("event.received", { reference: "PROD-1" }), request(5), entry("work-item.created", { reference: "PROD-1-1", work_item_id: 2 }),
    entry("work-item.created", { reference: "PROD-1", work_item_id: 1 }), entry("work-item.unchanged", { reference: "PROD-1-2" }),
  ]);

  assert.equal(operation.title, "Send of PROD-1");
  assert.deepEqual(operation.outcome, { kind: "good", words: "2 created, 1 unchanged" });
  assert.equal(operation.entries[0].event, "event.received");
});

test("a send in which one record failed says so, with the error once", () => {
  const operation = only([
    entry("work-item.created", { reference: "PROD-1" }),
    entry("work-item.failed", { level: "error", reference: "PROD-1-1", message: "The title is too long." }),
    entry("operation.failed", { level: "error", reference: "PROD-1", message: "PROD-1-1: The title is too long." }),
  ]);

  assert.deepEqual(operation.outcome, { kind: "bad", words: "1 created, 1 failed" });
  assert.equal(operation.errors, 1);
  assert.equal(operation.message, "PROD-1-1: The title is too long.");
});

test("a caller's mistake is refused, not failed", () => {
  const operation = only([entry("operation.refused", { level: "warning", reference: "x", message: "The name is missing." })]);

  assert.deepEqual(operation.outcome, { kind: "open", words: "Refused" });
  assert.deepEqual([operation.errors, operation.warnings], [0, 1]);
});

test("what ran out of time is not finished", () => {
  const operation = only([entry("work-item.created", { reference: "PROD-1" }), entry("send.unfinished", { level: "warning", reference: "PROD-1" })]);

  assert.deepEqual(operation.outcome, { kind: "open", words: "1 created, not finished" });
});

for (const [kind, events, title, words] of [
  ["send", [["send.resumed", { reference: "PROD-3" }], ["work-item.updated", { reference: "PROD-3" }]], "Send of PROD-3, continued by the timer", "1 updated"],
  ["send", [["feature.changed", { reference: "PROD-3" }], ["work-item.updated", { reference: "PROD-3" }]], "Send of PROD-3, which changed in Aha!", "1 updated"],
  ["send", [["event.ignored", {}]], "Event of Aha!", "Ignored"],
  ["send", [["azure-devops.request", { reference: "PROD-3" }]], "Send of PROD-3", "Checked, nothing written"],
  ["notification", [["record.changes", { reference: "PROD-3", work_item_id: 7 }]], "Notification of work item 7 (PROD-3)", "Written to Aha!"],
  ["notification", [["notification.ignored", { work_item_id: 7 }]], "Notification of work item 7", "Ignored"],
  ["reconcile", [["record.changes", { references: ["A-1", "A-2", "A-3", "A-4", "A-5"] }]], "Reconcile: A-1, A-2, A-3 and 2 more", "Written to Aha!"],
  ["reconcile", [["azure-devops.request", {}]], "Reconcile", "Nothing to change"],
  ["link", [["link.removed", { reference: "PROD-3" }]], "Unlinking of PROD-3", "Unlinked"],
  [null, [["link.rebuilt", { reference: "A-1" }], ["link.rebuilt", { reference: "A-2" }]], "Links rebuilt: A-1, A-2", "2 linked again"],
  ["standing", [["aha.request", { reference: "PROD-3" }]], "Sync state of PROD-3", "Read"],
  ["connection_test", [["azure-devops.request", {}]], "Connection test", "Passed"],
  ["configuration", [["integration.saved", {}]], "Configuration", "Saved"],
  ["service_hook", [["subscription.enabled", {}]], "Service hook", "Enabled"],
  ["service_hook", [["subscription.deleted", {}]], "Service hook", "Deleted"],
  // An older version of the app did not say what an operation was for.
  [null, [["notification.nothing-to-do", { work_item_id: 7 }]], "Notification of work item 7", "Nothing to change"],
  [null, [["intention.settled", { reference: "PROD-3" }]], "Operation of PROD-3", ""],
  // Values that are not saved are tried.
  [null, [["azure-devops.request", {}]], "Connection test", ""],
]) {
  test(`${kind}: ${events.map(([event]) => event)} is “${title}”, “${words}”`, () => {
    const operation = only(events.map(([event, detail]) => entry(event, { kind, ...detail })));

    assert.equal(operation.title, title);
    assert.equal(operation.outcome.words, words);
  });
}

test("what a filter left over says nothing about what is missing", () => {
  assert.equal(only([request(5, { reference: "PROD-3" })], true).outcome.words, "");
});

test("operations whose entries alternate are kept apart, the one that ended last first", () => {
  const entries = [request(1, { id: "op-1" }), request(1, { id: "op-2" }), request(1, { id: "op-1" })];

  assert.deepEqual(operationsOf(entries.reverse()).map((one) => [one.id, one.entries.length]), [["op-1", 2], ["op-2", 1]]);
});

test("equal operations in a row are one line, and others in between separate them", () => {
  const ignored = (id, item) => entry("notification.nothing-to-do", { id, kind: "notification", work_item_id: item });
  const entries = [ignored("op-1", 7), ignored("op-2", 8), ignored("op-3", 7), ignored("op-4", 7)];

  const rows = inRows(operationsOf(entries.reverse()));

  assert.deepEqual(rows.map((row) => row.map((one) => one.id)), [["op-4", "op-3"], ["op-2"], ["op-1"]]);
});

test("operations that differ in a warning are two lines", () => {
  const saved = (id) => entry("integration.saved", { id, kind: "configuration" });
  const entries = [saved("op-1"), saved("op-2"), entry("aha.request", { id: "op-2", kind: "configuration", level: "warning" })];

  assert.equal(inRows(operationsOf(entries.reverse())).length, 2);
});

test("answered requests in a row are one line, and so are equal entries", () => {
  const taken = { level: "warning", message: "Azure DevOps refused the batch." };
  const lines = linesOf([
    request(5), request(7), entry("batch.refused", taken), entry("batch.refused", taken), entry("batch.refused", { ...taken, message: "Another." }),
    request(1), entry("azure-devops.request", { level: "warning" }),
  ]);

  assert.deepEqual(lines.map((line) => [line.entries.length, line.isRequests]), [[2, true], [2, false], [1, false], [1, false], [1, false]]);
  assert.equal(requestWords(lines[0].entries), "2 requests, answered in 12 ms");
});
