import assert from "node:assert/strict";
import { test } from "node:test";

import { commandResult, commandStep } from "../src/commandWords.ts";
import { describePanel } from "../src/panelWords.ts";
import { readSendResult } from "../src/sendResult.ts";
import { ended, panelAfter, reference, refused, sent, sentRecord, recordSyncState, syncStateAnswer, started, workItem } from "./examples.ts";

const FEATURE = reference("PROD-1");
const NOT_SENT = { work_item: null, difference: "not_sent", last_sent_at: null };
const FIRST_READ = syncStateAnswer(recordSyncState("PROD-1", NOT_SENT), recordSyncState("PROD-1-1", NOT_SENT));

function read(...events: Parameters<typeof panelAfter>) {
  return describePanel(panelAfter(started("reading"), ...events), FEATURE);
}

test("a panel that is not configured says what to set, and where", () => {
  const words = read(ended({ kind: "not_configured", faults: ["The setting “Function key” is empty."] }));
  assert.equal(words.status, "Azure DevOps is not set up here.");
  assert.match(words.alert?.lines.join(" ") ?? "", /“Function key” is empty.*administrator/);
  assert.deepEqual(words.buttons, [{ action: "refresh", label: "Try again" }]);
});

test("a feature that was not sent offers to send it", () => {
  const words = read(ended(FIRST_READ));
  assert.equal(words.status, "Not sent to Azure DevOps.");
  assert.deepEqual(words.buttons.map((button) => button.label), ["Send to Azure DevOps", "Check", "Refresh"]);
  assert.deepEqual(words.rows.map((row) => row.summary), ["Not sent", "Not sent"]);
});

test("a feature that was sent shows each record with its work item", () => {
  const words = read(ended(syncStateAnswer(recordSyncState("PROD-1"), recordSyncState("PROD-1-1", { work_item: workItem(175) }))));
  assert.equal(words.status, "Sent. Everything is up to date.");
  assert.equal(words.buttons[0]?.label, "Send again");
  assert.deepEqual(words.rows.map((row) => row.workItem?.id), [174, 175]);
  assert.equal(words.rows[0]?.workItem?.state, "Active");
});

test("each difference has words and a symbol of its own", () => {
  const differences = ["none", "aha", "azure_devops", "both", "not_sent", "gone", "unreadable"];
  const rows = differences.map((difference) => read(ended(syncStateAnswer(recordSyncState("PROD-1", { difference })))).rows[0]);
  assert.equal(new Set(rows.map((row) => row?.summary)).size, differences.length);
  assert.ok(rows.every((row) => row?.symbol !== "" && row?.summary !== ""));
  assert.equal(rows[1]?.summary, "Changed in Aha! since it was sent");
  assert.match(rows[5]?.notes.join() ?? "", /creates a new work item/);
  assert.match(rows[6]?.notes.join() ?? "", /does not create a new one/);
});

test("a word of a newer function app is shown as such, and the rest of the answer counts", () => {
  const syncState = ended(syncStateAnswer(recordSyncState("PROD-1", { difference: "archived" }), recordSyncState("PROD-1-1")));
  assert.deepEqual(read(syncState).rows.map((row) => row.summary), ["Not known to this version of the extension", "Up to date"]);
  const result = ended(sent("succeeded", sentRecord("PROD-1", "moved"), sentRecord("PROD-1-1", "created")));
  const words = read(syncState, started("checking"), result);
  assert.deepEqual(words.rows.map((row) => row.summary), ["Not known to this version of the extension", "Would be created"]);
});

test("the last error of a record is shown until the record is sent", () => {
  const failed = { last_error: { time: "…", code: "azure_devops_rule_violation", detail: "Field X is required.", operation_id: "o" } };
  const syncState = ended(syncStateAnswer(recordSyncState("PROD-1"), recordSyncState("PROD-1-1", failed)));
  assert.deepEqual(read(syncState).rows[1]?.errors, ["Field X is required."]);
  const success = ended(sent("succeeded", sentRecord("PROD-1", "unchanged"), sentRecord("PROD-1-1", "updated")));
  assert.deepEqual(read(syncState, started("sending"), success).rows[1]?.errors, []);
});

test("while it sends, the panel shows what is done so far", () => {
  const soFar = sent("in_progress", sentRecord("PROD-1", "created"), sentRecord("PROD-1-1", "pending"));
  assert.ok(soFar.kind === "result");
  const words = read(ended(FIRST_READ), started("sending"), {
    kind: "progress",
    state: { result: soFar.result, obstacle: null },
  });
  assert.equal(words.status, "Sending to Azure DevOps: 1 of 2 records and files done …");
  assert.deepEqual(words.progress, { done: 1, total: 2 });
  assert.deepEqual(words.rows.map((row) => row.summary), ["Created", "Waiting to be sent"]);
  assert.equal(words.rows[0]?.workItem?.id, 174);
  assert.equal(words.isBusy, true);
});

test("a send that waits says for what", () => {
  const busy = refused(409, "feature_busy", "PROD-1 is being sent elsewhere.", 5);
  assert.ok(busy.kind === "problem");
  const words = read(ended(FIRST_READ), started("sending"), { kind: "progress", state: { result: null, obstacle: busy.problem } });
  assert.equal(words.status, "Sending to Azure DevOps. Waiting: PROD-1 is being sent elsewhere.");
});

test("after a send in part, errors stand beside their records, files with their names", () => {
  const error = { code: "azure_devops_rule_violation", detail: "Field X is required." };
  const file = { id: "9", file_name: "a.png", action: "failed", error: { code: "attachment_too_large", detail: "It has over 60 MB." } };
  const result = sent(
    "partial",
    sentRecord("PROD-1", "created", { attachments: [file] }),
    sentRecord("PROD-1-1", "failed", { error }),
  );
  const now = syncStateAnswer(recordSyncState("PROD-1"), recordSyncState("PROD-1-1", NOT_SENT));
  const words = read(ended(FIRST_READ), started("sending"), ended(result), started("reading", true), ended(now));
  assert.equal(words.status, "Sent in part: 1 created, 2 failed.");
  assert.deepEqual(words.rows[0]?.errors, ["File “a.png”: It has over 60 MB."]);
  assert.deepEqual(words.rows[1]?.errors, ["Field X is required."]);
  assert.deepEqual(words.rows.map((row) => row.summary), ["Up to date", "Not sent"]);
});

test("a conflict names the field and whose text was kept", () => {
  const conflicts = [{ field: "Description", kept: "aha", overwritten_rev: 4 }];
  const words = read(started("sending"), ended(sent("succeeded", sentRecord("PROD-1", "updated", { conflicts }))));
  assert.match(words.rows[0]?.notes.join() ?? "", /“Description” was changed on both sides. The text from Aha! was kept/);
});

test("a check says what a send would do, for each record", () => {
  const plan = sent("succeeded", sentRecord("PROD-1", "updated"), sentRecord("PROD-1-1", "created"), sentRecord("PROD-1-2", "unchanged"));
  const words = read(ended(FIRST_READ), started("checking"), ended(plan));
  assert.equal(words.status, "Checked: a send would create 1 work item and update 1 work item.");
  assert.deepEqual(words.rows.map((row) => row.summary), ["Would be updated", "Would be created", "Would not change"]);
});

test("a problem of the whole is shown, and what was known stays", () => {
  const words = read(ended(FIRST_READ), started("sending"), ended(refused(409, "integration_disabled", "The integration is disabled.")));
  assert.deepEqual(words.alert, { lines: ["The integration is disabled."], operationId: "op-9" });
  assert.equal(words.rows.length, 2);
  assert.equal(words.isBusy, false);
});

test("what a send brought stays in sight if the feature cannot be read afterwards", () => {
  const result = sent("succeeded", sentRecord("PROD-1", "created"));
  const unread = refused(503, "aha_unavailable", "Aha! does not answer.");
  const words = read(ended(FIRST_READ), started("sending"), ended(result), started("reading", true), ended(unread));
  assert.equal(words.status, "Sent: 1 created.");
  assert.equal(words.rows[0]?.summary, "Created");
  assert.deepEqual(words.alert?.lines, ["Aha! does not answer."]);
});

test("a send that stopped in the middle says so, and why", () => {
  const soFar = sent("in_progress", sentRecord("PROD-1", "created"), sentRecord("PROD-1-1", "pending"));
  assert.ok(soFar.kind === "result");
  const stopped = refused(422, "azure_devops_credentials_rejected", "The token has expired.");
  const progress = { kind: "progress", state: { result: soFar.result, obstacle: null } } as const;
  const words = read(ended(FIRST_READ), started("sending"), progress, ended(stopped));
  assert.equal(words.status, "The send has not finished.");
  assert.deepEqual(words.rows.map((row) => row.summary), ["Created", "Waiting to be sent"]);
  assert.deepEqual(words.alert?.lines, ["The token has expired."]);
});

test("a refresh takes away what the last send said", () => {
  const words = read(ended(FIRST_READ), started("sending"), ended(refused(409, "integration_disabled", "…")), started("reading"), ended(FIRST_READ));
  assert.equal(words.alert, null);
  assert.equal(words.status, "Not sent to Azure DevOps.");
});

test("a requirement's panel shows it and its feature, and counts the others", () => {
  const error = { time: "…", code: "x", detail: "No.", operation_id: "o" };
  const syncState = syncStateAnswer(
    recordSyncState("PROD-1"),
    recordSyncState("PROD-1-1"),
    recordSyncState("PROD-1-2"),
    recordSyncState("PROD-1-3", { last_error: error }),
  );
  const words = describePanel(panelAfter(started("reading"), ended(syncState)), reference("PROD-1-2"));
  assert.deepEqual(words.rows.map((row) => row.reference), ["PROD-1", "PROD-1-2"]);
  assert.equal(words.others, "2 other requirements of PROD-1. 1 of them with an error.");
});

test("the record action tells the same in short", () => {
  const error = { code: "x", detail: "Field X is required." };
  const result = sent("partial", sentRecord("PROD-1", "created"), sentRecord("PROD-1-1", "failed", { error }));
  assert.equal(commandResult("PROD-1", result), "PROD-1: Sent in part: 1 created, 1 failed.\nPROD-1-1: Field X is required.");
  assert.match(commandResult("PROD-1", refused(422, "other_product", "It is of another product.")), /was not sent. It is of another/);
  assert.match(commandResult("PROD-1", { kind: "not_configured", faults: ["Set it."] }), /Set it\./);
  const unfinished = readSendResult({ status: "in_progress", feature: sentRecord("PROD-1", "created"), requirements: [sentRecord("PROD-1-1", "pending")] });
  assert.match(commandStep("PROD-1", { result: unfinished, obstacle: null }), /1 of 2 records and files done/);
});
