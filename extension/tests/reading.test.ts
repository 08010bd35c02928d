import assert from "node:assert/strict";
import { test } from "node:test";

import { interpretReply } from "../src/answer.ts";
import { readReference } from "../src/reference.ts";
import { readRequest } from "../src/request.ts";
import { safeWebAddress } from "../src/webAddress.ts";
import { answered, refused, recordSyncState, syncStateAnswer, workItem } from "./examples.ts";

test("a reference is taken apart, in any case", () => {
  assert.deepEqual(readReference("prod-12"), { text: "PROD-12", prefix: "PROD", feature: "PROD-12", isRequirement: false });
  assert.deepEqual(readReference("A1-12-3"), { text: "A1-12-3", prefix: "A1", feature: "A1-12", isRequirement: true });
});

test("an epic, a release and other texts are no reference", () => {
  for (const text of ["PROD-E-1", "PROD-R-1", "PROD-1-2-3", "PROD", "", "../PROD-1", "PROD-1?x=1", null, 7]) {
    assert.equal(readReference(text), null, String(text));
  }
});

test("a link goes to https, or to http on one's own machine", () => {
  for (const address of [
    "https://dev.azure.com/fabrikam/_workitems/edit/1",
    "https://fabrikam.visualstudio.com",
    "http://127.0.0.1:8081/fabrikam/_workitems/edit/1",
    "http://localhost/x",
  ]) {
    assert.equal(safeWebAddress(address), address);
  }
  for (const address of [
    "javascript:alert(1)",
    "http://dev.azure.com/1",
    "http://localhost.example.com/",
    "http://127.0.0.1@example.com/",
    "https://example.com@evil.example/",
    "https://dev.azure.com/ x",
    'https://dev.azure.com/"onclick="',
    "data:text/html,x",
    "//dev.azure.com/1",
    "",
    null,
    7,
  ]) {
    assert.equal(safeWebAddress(address), null, String(address));
  }
});

test("a work item whose address is no web address is shown without a link", () => {
  const item = { ...workItem(1), url: "javascript:alert(1)" };
  const answer = syncStateAnswer(recordSyncState("PROD-1", { work_item: item }));
  assert.ok(answer.kind === "sync_state");
  assert.equal(answer.syncState.feature.workItem?.url, null);
  assert.equal(answer.syncState.feature.workItem?.id, 1);
});

test("a request of another shape is none", () => {
  const request = { requestId: "abc-12345", action: "send", reference: "prod-1" };
  assert.equal(readRequest(request)?.reference.text, "PROD-1");
  for (const changes of [
    { requestId: "short" },
    { requestId: "ab/../../12345" },
    { requestId: undefined },
    { action: "delete" },
    { reference: "PROD-1/../.." },
  ]) {
    assert.equal(readRequest({ ...request, ...changes }), null, JSON.stringify(changes));
  }
  for (const other of [null, undefined, "send", []]) assert.equal(readRequest(other), null);
});

test("a problem keeps the function app's own words and the operation id", () => {
  assert.deepEqual(refused(422, "other_product", "PROD-1 is of another product."), {
    kind: "problem",
    problem: { code: "other_product", detail: "PROD-1 is of another product.", operationId: "op-9", retryAfter: null },
  });
});

test("an answer of the platform says which setting to look at", () => {
  const cases: [status: number, body: unknown, code: string, words: RegExp][] = [
    [401, null, "function_key_refused", /setting “Function key”/],
    [403, "", "function_key_refused", /setting “Function key”/],
    [404, null, "function_app_answer_unknown", /setting “Function app URL”/],
    [302, null, "function_app_answer_unknown", /\(302\)/],
    [200, { hello: "world" }, "function_app_answer_unknown", /\(200\)/],
    [200, [], "function_app_answer_unknown", /\(200\)/],
    [503, null, "function_app_answer_unknown", /\(503\)/],
  ];
  for (const [status, body, code, words] of cases) {
    const answer = answered("read", status, body);
    assert.ok(answer.kind === "problem");
    assert.equal(answer.problem.code, code, String(status));
    assert.match(answer.problem.detail, words);
  }
});

test("the browser makes an answer of any content of the account field", () => {
  for (const value of [null, 7, "x", [], {}, { kind: "other" }, { kind: "unreachable" }]) {
    const answer = interpretReply(value, "read");
    assert.equal(answer.kind === "problem" && answer.problem.code, "function_app_unreachable");
  }
  const faults = interpretReply({ kind: "not_configured", faults: ["A.", 7, "B."] }, "read");
  assert.deepEqual(faults, { kind: "not_configured", faults: ["A.", "B."] });
  assert.equal(interpretReply({ kind: "answer" }, "send").kind, "problem");
});
