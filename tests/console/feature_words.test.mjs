// What a feature's standing, a check and a send mean, in the configuration page's words.
import assert from "node:assert/strict";
import test from "node:test";
import { actionWords, countsOf, differenceWords, syncStateSentence, titleOf } from "../../Console/static/feature_words.js";
import { problemsPanel, titleOf as problemTitle } from "../../Console/static/health.js";

const record = (action, ...files) => ({ action, attachments: files.map((one) => ({ action: one })) });
const result = (status, feature, ...requirements) => ({ status, feature, requirements });

for (const [isDryRun, given, title, counts] of [
  [false, result("succeeded", record("created"), record("unchanged")), "Everything was sent", "2 records: 1 created, 1 unchanged."],
  [false, result("succeeded", record("unchanged")), "Everything was sent", "1 record: 1 unchanged."],
  [false, result("partial", record("created", "failed"), record("failed")), "Not everything was sent", "2 records: 1 created, 1 not sent, 1 file not sent."],
  [false, result("in_progress", record("created"), record("pending")), "The send has not finished", "2 records: 1 created, 1 not done yet."],
  [true, result("succeeded", record("created"), record("created")), "Everything can be sent", "2 records: 2 would be created."],
  [true, result("succeeded", record("unchanged", "uploaded")), "Everything can be sent", "1 record: 1 would not change."],
  [true, result("succeeded", record("unchanged", "unchanged"), record("unchanged")), "A send would change nothing", "2 records: 2 would not change."],
  [true, result("partial", record("failed")), "Not everything can be sent", "1 record: 1 would not be sent."],
]) {
  test(`${isDryRun ? "check" : "send"}: ${title}. ${counts}`, () => {
    assert.equal(titleOf(given, isDryRun), title);
    assert.equal(countsOf(given, isDryRun), counts);
  });
}

test("the sync state of a feature is one sentence", () => {
  const standing = (...differences) => {
    const [feature, ...requirements] = differences.map((difference) => ({ difference }));
    return syncStateSentence({ feature, requirements });
  };

  assert.equal(standing("not_sent", "not_sent"), "Not sent to Azure DevOps yet.");
  assert.equal(standing("none", "none"), "Sent. Everything is up to date.");
  assert.equal(standing("none", "aha"), "Sent. 1 record is not up to date.");
  assert.equal(standing("gone", "unreadable", "none"), "Sent. 2 records are not up to date.");
});

test("what a newer version of the app answers is shown as it is", () => {
  assert.deepEqual(differenceWords("moved"), ["open", "moved", ""]);
  assert.deepEqual(actionWords("moved", false), ["open", "moved"]);
});

test("an open problem is named by its code", () => {
  assert.equal(problemTitle("azure_devops_credentials_rejected"), "Azure DevOps refused the token");
  assert.equal(problemTitle("azure_devops_token_expiring"), "The Azure DevOps token expires soon");
  assert.equal(problemTitle("azure_devops_rule_violation"), "Azure DevOps: rule violation");
  assert.equal(problemTitle("aha_not_found"), "Aha!: not found");
  assert.equal(problemTitle("internal_error"), "Internal error");
  assert.equal(problemsPanel("fabrikam-web", { open_problems: [] }), null);
});
