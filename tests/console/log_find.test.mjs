// How the configuration page reads what a person types to search the log.
import assert from "node:assert/strict";
import test from "node:test";
import { conditionsOf, inWords, typedFor } from "../../Console/static/log_find.js";
import { logAddress, recordPage, workItemPage } from "../../Console/static/log_links.js";

for (const [typed, expected] of [
  ["", {}],
  ["PROD-12", { reference: "PROD-12" }],
  ["prod-12-3", { reference: "prod-12-3" }],
  ["PROD-E-5", { reference: "PROD-E-5" }],
  ["7489142925063758906", { reference: "7489142925063758906" }],
  ["#7", { work_item_id: "7" }],
  ["7", { work_item_id: "7" }],
  ["0", { text: "0" }],
  ["3717c7e9881447e19c8913ff2194408f", { operation_id: "3717c7e9881447e19c8913ff2194408f" }],
  ["timed out", { text: "timed out" }],
  ["PROD-12 timed  out", { reference: "PROD-12", text: "timed out" }],
  ["PROD-12 PROD-13", { reference: "PROD-12", text: "PROD-13" }],
  ["“PROD-12” #7", { text: "PROD-12", work_item_id: "7" }],
  ['"404"', { text: "404" }],
]) {
  test(`“${typed}” is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(conditionsOf(typed), expected);
    assert.deepEqual(conditionsOf(typedFor(expected)), expected);
  });
}

test("conditions in words", () => {
  assert.equal(inWords({ reference: "PROD-12", text: "timed out", level: "error" }), "about PROD-12, with “timed out” in a message, with errors");
  assert.equal(inWords({}), "");
});

const INTEGRATION = { aha: { url: "https://fabrikam.aha.io" }, azure_devops: { account_name: "fabrikam", project: "Fabrikam Web" } };

test("a record's page follows from its reference", () => {
  assert.equal(recordPage(INTEGRATION, "PROD-12"), "https://fabrikam.aha.io/features/PROD-12");
  assert.equal(recordPage(INTEGRATION, "PROD-12-3"), "https://fabrikam.aha.io/requirements/PROD-12-3");
  assert.equal(recordPage(INTEGRATION, "7489142925063758906"), "");
  assert.equal(recordPage({ ...INTEGRATION, aha: { url: "" } }, "PROD-12"), "");
});

test("a work item's page is in the organization that requests went to", () => {
  const request = (url) => ({ event: "azure-devops.request", detail: { url } });
  const page = (...entries) => workItemPage(INTEGRATION, entries, 7);

  assert.equal(page(), "https://dev.azure.com/fabrikam/Fabrikam%20Web/_workitems/edit/7");
  assert.equal(page(request("http://127.0.0.1:8081/fabrikam/_apis/wit/$batch?api-version=7.1")), "http://127.0.0.1:8081/fabrikam/Fabrikam%20Web/_workitems/edit/7");
  assert.equal(page(request("https://tfs.example.com/tfs/fabrikam/x/_apis/projects")), "https://tfs.example.com/tfs/fabrikam/Fabrikam%20Web/_workitems/edit/7");
});

test("the log's address has the conditions that are set", () => {
  assert.equal(logAddress("fabrikam-web", { reference: "A&B-1", level: "" }), "#/i/fabrikam-web/log?reference=A%26B-1");
  assert.equal(logAddress("fabrikam-web"), "#/i/fabrikam-web/log");
});
