// The draft of an integration, and what the configuration page proposes and finds wrong in it.
import assert from "node:assert/strict";
import test from "node:test";
import { ahaPointer, attention, azureDevOpsPointer, stepOf } from "../../Console/static/attention.js";
import { hookInWords, hookProblem } from "../../Console/static/hook_words.js";
import { ahaAddress, assign, blank, bodyOf, compare, differences, idFrom, labelOf, lastDayFor, missing, ownerOf } from "../../Console/static/model.js";
import { countProposed, proposable, proposeRest, proposeStatuses, proposeType, undecided } from "../../Console/static/proposals.js";

const STATES = [["New", "Proposed"], ["Active", "InProgress"], ["Resolved", "Resolved"], ["Closed", "Completed"], ["Removed", "Removed"]]
  .map(([name, category]) => ({ name, category }));
const TYPES = ["Epic", "Feature", "Task"].map((name) => ({ name, states: STATES, description_field: "System.Description", required_fields: [] }));
const STATUSES = [["1", "Under consideration"], ["2", "In progress"], ["3", "In code review"], ["4", "Shipped", true], ["5", "Will not implement", true]]
  .map(([id, name, complete = false]) => ({ id, name, complete }));

/** A draft of which nothing is saved; `aha`: the statuses of its product are known. */
function newState({ statuses = [] } = {}) {
  const state = {
    draft: blank(), base: blank(), saved: null, typed: { pat: "", aha: "" }, others: [], account: null, refused: {}, changed: () => {},
    choices: { feature: undecided(), requirement: undecided() }, project: { areas: ["Fabrikam"], work_item_types: TYPES },
    aha: statuses.length ? { products: [{ id: "69", reference_prefix: "PROD", name: "Web" }], feature_statuses: statuses, requirement_statuses: statuses } : null,
  };
  return state;
}

test("a type and usual statuses are proposed before Aha! is connected", () => {
  const state = newState();
  proposeType(state, "feature");
  proposeStatuses(state, "feature");

  assert.equal(state.draft.feature.work_item_type, "Feature");
  assert.deepEqual(state.draft.feature.status_mapping, {
    New: "Under consideration", Active: "In progress", Resolved: "Ready to ship", Closed: "Shipped", Removed: "Will not implement",
  });
  assert.equal(countProposed(state, "feature"), 6);
  assert.equal(state.choices.feature.isUnseen, true);
});

test("the product's statuses replace proposals, and never what a person decided", () => {
  const state = newState();
  proposeType(state, "feature");
  proposeStatuses(state, "feature");
  state.choices.feature.decided = new Set(["Active", "Removed"]);
  Object.assign(state.draft.feature.status_mapping, { Active: "Being made" });
  delete state.draft.feature.status_mapping.Removed;
  state.aha = newState({ statuses: STATUSES }).aha;
  proposeStatuses(state, "feature");

  assert.deepEqual(state.draft.feature.status_mapping, {
    New: "Under consideration", Active: "Being made", Resolved: "In code review", Closed: "Shipped",
  });
  assert.deepEqual(proposable(state, "feature"), ["Active", "Removed"]);
  proposeRest(state, "feature");
  assert.equal(state.draft.feature.status_mapping.Active, "In progress");
  assert.equal(countProposed(state, "feature"), 2);
});

test("another product brings other statuses", () => {
  const state = newState({ statuses: STATUSES });
  proposeType(state, "feature");
  proposeStatuses(state, "feature");
  state.aha.feature_statuses = [{ id: "7", name: "Designed", complete: false }, { id: "8", name: "Live", complete: true }];
  proposeStatuses(state, "feature");

  assert.deepEqual(state.draft.feature.status_mapping, { New: "Designed", Active: "Designed", Resolved: "Designed", Closed: "Live" });
});

test("what no longer exists needs attention, in the order of the form", () => {
  const state = newState({ statuses: STATUSES });
  Object.assign(state.draft, { product_id: "69" });
  Object.assign(state.draft.azure_devops, { project: "Gone", area_path: "Gone" });
  state.account = { projects: [{ id: "p1", name: "Fabrikam" }] };
  Object.assign(state.draft.feature, { work_item_type: "Feature", status_mapping: { Active: "Cooking", Baking: "Shipped", Closed: "shipped", New: "1" } });
  Object.assign(state.draft.requirement, { work_item_type: "Story" });

  assert.deepEqual(attention(state).map((one) => one.words), [
    "Project", "Area", "Status for Active (features)", "Status for Baking (features)", "Type of requirements",
  ]);
  assert.deepEqual(attention(state).map((one) => stepOf(one.pointer)), ["project", "project", "feature", "feature", "requirement"]);
});

test("an error of a test is shown at the value that it is about", () => {
  const state = newState();
  const azure = (code, status = 422) => azureDevOpsPointer({ code, status }, state);

  assert.equal(azure("azure_devops_credentials_rejected"), "/azure_devops/personal_access_token");
  assert.equal(azure("azure_devops_not_found"), "/azure_devops/account_name");
  assert.equal(azure("azure_devops_unavailable", 503), null);
  assert.equal(ahaPointer({ code: "aha_forbidden" }, state), "/aha/api_token");
  assert.equal(ahaPointer({ code: "aha_not_found" }, state), "/aha/url");
  assert.equal(ahaPointer({ code: "aha_not_found" }, newState({ statuses: STATUSES })), "/product_id");
});

for (const [typed, address] of [
  ["company.aha.io", "https://company.aha.io"], [" company.aha.io/products/PROD ", "https://company.aha.io"],
  ["https://company.aha.io/", "https://company.aha.io"], ["http://127.0.0.1:8082", "http://127.0.0.1:8082"],
  ["127.0.0.1:8082/features/PROD-1", "http://127.0.0.1:8082"], ["company", "company"], ["", ""],
]) {
  test(`the Aha! address in “${typed}” is “${address}”`, () => assert.equal(ahaAddress(typed), address));
}

test("a product belongs to one integration, whichever of its names is used", () => {
  const others = [{ integration_id: "a", product_id: "prod" }, { integration_id: "b", product_id: "70" }];

  assert.equal(ownerOf(["69", "PROD"], others).integration_id, "a");
  assert.equal(ownerOf(["70", "MOB"], others).integration_id, "b");
  assert.equal(ownerOf(["71", "", undefined], others), undefined);
});

test("an id is made of the name, and is free", () => {
  const others = [{ integration_id: "fabrikam-mobile" }, { integration_id: "fabrikam-mobile-2" }];

  assert.equal(idFrom("Fabrikam Móbile!"), "fabrikam-mobile");
  assert.equal(idFrom("Fabrikam mobile", others), "fabrikam-mobile-3");
  assert.equal(idFrom("日本"), "");
  assert.equal(idFrom(`${"x".repeat(63)} y`), "x".repeat(63));
});

test("the stored token's last day is not that of a new token", () => {
  const stored = "2026-12-10";

  assert.equal(lastDayFor("new token", stored, stored), "");
  assert.equal(lastDayFor("new token", "2027-12-10", stored), "2027-12-10");
  assert.equal(lastDayFor("", "", stored), stored);
  assert.equal(lastDayFor("", "2027-12-10", stored), "2027-12-10");
});

test("a token is sent only if it was typed", () => {
  assert.deepEqual(Object.keys(bodyOf(blank(), { pat: "", aha: "" }).aha), ["url", "link_back"]);
  assert.equal(bodyOf(blank(), { pat: "typed", aha: "" }).azure_devops.personal_access_token, "typed");
});

test("what is missing is in the order of the form", () => {
  const state = newState();
  state.draft.azure_devops.authentication = "entra";
  state.draft.name = "Web";

  assert.deepEqual(missing(state).map((one) => one.words), [
    "the Azure DevOps account", "the Aha! product", "the project", "the area", "the type of features", "the type of requirements",
  ]);
});

test("a save in between is compared value by value", () => {
  const [base, theirs, mine] = [blank(), blank(), blank()];
  base.feature.status_mapping = theirs.feature.status_mapping = { "In/Out": "Open" };
  theirs.name = "Theirs";
  theirs.feature.status_mapping = {};
  mine.feature.status_mapping = { "In/Out": "Open" };
  mine.name = "Mine";

  const found = compare(base, theirs, mine);
  assert.deepEqual(found.map((one) => [one.pointer, one.theirs, one.mine, one.isConflict]), [
    ["/feature/status_mapping/In~1Out", undefined, "Open", false], ["/name", "Theirs", "Mine", true],
  ]);
  for (const { pointer, theirs: value } of found) assign(mine, pointer, value);
  assert.deepEqual(differences(theirs, mine), []);
  assert.equal(labelOf("/feature/status_mapping/In~1Out"), "Status for In/Out (features)");
});

test("a service hook that is missing is a problem if changes must reach Aha!", () => {
  const none = { status: null, outdated_subscription_ids: [] };
  const old = { status: null, outdated_subscription_ids: ["3f1c"] };

  assert.match(hookProblem(none, true), /Create the subscription/);
  assert.equal(hookProblem(none, false), null);
  assert.match(hookProblem(old, false), /earlier URL/);
  assert.match(hookProblem({ status: "onProbation" }, true), /Remove the cause/);
  assert.deepEqual([hookProblem({ status: "enabled" }, true), hookProblem(null, true), hookProblem(undefined, true)], [null, null, null]);
  assert.deepEqual([none, old, { status: "enabled" }, null, undefined].map(hookInWords), ["None", "Old webhook URL", "Enabled", "Could not be read", "…"]);
});
