// What a front end does with the app, by openapi-fetch and the types that were generated.
// Reads from standard input what to work with, and prints for each step what the answer had. calls.py does the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./aha-azure-devops.d.ts";

type Schemas = components["schemas"];
interface Given {
  app: string;
  key: string;
  integration_id: string;
  azure_devops_token: string;
  aha: string;
  aha_token: string;
  event: Schemas["FeatureEvent"];
}

const given: Given = JSON.parse(readFileSync(0, "utf-8"));
const seen: Record<string, unknown> = {};
const path = { integration_id: given.integration_id };

function clientWith(key: string) {
  return createClient<paths>({ baseUrl: `${given.app}/api`, headers: { "x-functions-key": key } });
}

/** The body of an answer that is no error. */
function body<Body>(answer: { data?: Body; error?: unknown; response: Response }): Body {
  assert(answer.data, `${answer.response.status}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}

/** The status and the code of an error. */
function problem(answer: { error?: Schemas["Problem"]; response: Response }): [number, Schemas["ErrorCode"]] {
  assert(answer.error, `${answer.response.status} is no error`);
  assert.equal(answer.error.status, answer.response.status);
  assert.equal(answer.error.operation_id, answer.response.headers.get("x-operation-id"));
  return [answer.response.status, answer.error.code];
}

/** The body of a send that was not ignored. */
function result(answer: { data?: Schemas["SendResult"] | Schemas["IgnoredEvent"]; error?: unknown; response: Response }) {
  const found = body(answer);
  assert(found.status !== "ignored");
  return found;
}

/** The status, the result and what became of each record. */
function sent(answer: Parameters<typeof result>[0]): [number, Schemas["SendStatus"], Schemas["RecordAction"][]] {
  const found = result(answer);
  return [answer.response.status, found.status, [found.feature, ...found.requirements].map((record) => record.action)];
}

const client = clientWith(given.key);
const status_mapping = { New: "Under consideration", Active: "In progress" };
const integration: Schemas["IntegrationInput"] = {
  name: "Fabrikam web",
  product_id: "PROD",
  enabled: true,
  azure_devops: {
    account_name: "fabrikam",
    authentication: "pat",
    personal_access_token: given.azure_devops_token,
    project: "Fabrikam",
    area_path: "Fabrikam\\Web",
    token_expires_on: "2026-01-31",
  },
  aha: { url: given.aha, api_token: given.aha_token },
  feature: { work_item_type: "Feature", status_mapping },
  requirement: { work_item_type: "User Story", status_mapping },
};

// Test a connection.
const account = { account_name: "fabrikam", personal_access_token: given.azure_devops_token, project: "Fabrikam" };
const tested = body(await client.POST("/test-connection", { body: account }));
assert(tested.project);
seen["projects"] = tested.projects.map((project) => project.name);
seen["types"] = tested.project.work_item_types.filter((kind) => !kind.required_fields.length).map((kind) => kind.name);
seen["checks"] = tested.checks.map((check) => [check.name, check.ok]);
seen["aha"] = tested.aha?.url ?? null;
const wrong = { account_name: "fabrikam", personal_access_token: "not-a-token" };
seen["wrong token"] = problem(await client.POST("/test-connection", { body: wrong }));

// Save an integration.
const put = (body: Schemas["IntegrationInput"], etag?: string) =>
  client.PUT("/integrations/{integration_id}", {
    params: { path, header: etag === undefined ? {} : { "If-Match": etag } },
    body,
  });
const saved = await put(integration);
const created = body(saved);
seen["created"] = [saved.response.status, created.azure_devops.personal_access_token_set, created.aha.api_token_set];
const again = await put(integration, saved.response.headers.get("etag") ?? "");
seen["replaced"] = [again.response.status, body(again).feature.status_mapping];
seen["outdated"] = problem(await put(integration, '"of-yesterday"'));
const nameless = await put({ name: "", product_id: "" });
seen["invalid"] = [...problem(nameless), nameless.error?.errors?.map((one) => one.pointer)];
const listed = body(await client.GET("/integrations"));
seen["listed"] = listed.integrations.some((one) => one.integration_id === given.integration_id);
const read = body(await client.GET("/integrations/{integration_id}", { params: { path } }));
seen["read"] = [read.enabled, read.azure_devops.area_path, read.created_at === created.created_at];
seen["token"] = [read.azure_devops.token_expires_on, read.health?.open_problems.map((one) => one.code)];

// Send.
const send = (event: Schemas["FeatureEvent"], header: { Prefer?: string } = {}) =>
  client.POST("/integrations/{integration_id}/features", { params: { path, header }, body: event });
seen["sent"] = sent(await send(given.event));
seen["sent again"] = sent(await send(given.event));
seen["tried"] = sent(
  await client.POST("/integrations/{integration_id}/features/{reference}", {
    params: { path: { ...path, reference: "PROD-2" }, query: { dry_run: true } },
  }),
);
const partly = await send({ feature: { id: "F-1", name: "Pay later", requirements: [{ id: "R-1" }] } });
seen["sent partly"] = sent(partly);
seen["why"] = result(partly).requirements[0]?.error?.code;
const late = await send({ feature: { id: "F-2", name: "Slow to create" } }, { Prefer: "wait=1" });
seen["in progress"] = [...sent(late), Number(late.response.headers.get("retry-after"))];
const ignored = await send({ event: "create_release" });
const nothing = body(ignored);
assert(nothing.status === "ignored");
seen["ignored"] = [ignored.response.status, nothing.reason];
seen["other product"] = problem(await send({ feature: { id: "M-1", reference_num: "MOB-1" } }));

// See how it stands.
const standing = body(
  await client.GET("/integrations/{integration_id}/features/{reference}", {
    params: { path: { ...path, reference: "PROD-1" } },
  }),
);
seen["stands"] = [
  standing.feature.difference,
  standing.feature.work_item?.state,
  (standing.feature.last_sent_at ?? "") > read.created_at,
  standing.feature.last_received_at,
  standing.requirements.length,
];
const page = body(
  await client.GET("/integrations/{integration_id}/features", { params: { path, query: { limit: 1 } } }),
);
if (!("next" in page)) throw new Error("These are no linked features.");
seen["linked"] = [page.features[0]?.reference_num, page.next !== null];
const found = body(
  await client.GET("/integrations/{integration_id}/features", { params: { path, query: { search: "prod-1" } } }),
);
if (!("has_more" in found)) throw new Error("These were not searched for.");
seen["found"] = [found.features.map((one) => [one.reference_num, one.name, one.linked]), found.has_more];

// Read the log.
const log = body(
  await client.GET("/integrations/{integration_id}/log", { params: { path, query: { level: "error", limit: 1 } } }),
);
seen["log"] = [log.entries[0]?.event, log.entries[0]?.level];
assert(log.next !== null);
const earlier = body(
  await client.GET("/integrations/{integration_id}/log", { params: { path, query: { before: log.next, limit: 500 } } }),
);
seen["end of the log"] = earlier.next;

// What is refused.
seen["unknown"] = problem(
  await client.GET("/integrations/{integration_id}", { params: { path: { integration_id: "nope" } } }),
);
const refused = await clientWith("wrong").GET("/integrations");
seen["wrong key"] = [refused.response.status, refused.error ?? null];
const deleted = await client.DELETE("/integrations/{integration_id}", { params: { path } });
seen["deleted"] = [deleted.response.status, deleted.data ?? null];

console.log(JSON.stringify(seen));
