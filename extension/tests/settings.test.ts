import assert from "node:assert/strict";
import { test } from "node:test";

import { readConfiguration } from "../src/settings.ts";
import { reference } from "./examples.ts";

const APP = "https://my-sync.azurewebsites.net";

function configure(settings: Record<string, unknown>, of = "PROD-1") {
  return readConfiguration({ functionAppUrl: APP, integrations: "PROD = fabrikam-web", ...settings }, reference(of));
}

test("each product has its integration", () => {
  const settings = { integrations: "PROD = fabrikam-web, MOB=fabrikam-mobile" };
  assert.deepEqual(configure(settings, "PROD-1"), { kind: "configured", functionAppUrl: APP, integrationId: "fabrikam-web" });
  assert.deepEqual(configure(settings, "MOB-7-2"), {
    kind: "configured",
    functionAppUrl: APP,
    integrationId: "fabrikam-mobile",
  });
});

test("entries may be lines, a list or in another case", () => {
  for (const integrations of ["mob = Fabrikam-Mobile\nPROD = x", "A=b; MOB = fabrikam-mobile", ["A = b", " MOB=fabrikam-mobile "]]) {
    const read = configure({ integrations }, "MOB-1");
    assert.equal(read.kind === "configured" && read.integrationId, "fabrikam-mobile");
  }
});

test("a pasted address may end with /api or a slash", () => {
  for (const functionAppUrl of [`${APP}/`, `${APP}/api`, `${APP}/api/`, ` ${APP} `]) {
    const read = configure({ functionAppUrl });
    assert.equal(read.kind === "configured" && read.functionAppUrl, APP);
  }
});

test("the key goes over https only, and over http to one's own machine", () => {
  for (const functionAppUrl of ["http://localhost:7071", "http://127.0.0.1:7071", "http://[::1]:7071"]) {
    assert.equal(configure({ functionAppUrl }).kind, "configured");
  }
  for (const functionAppUrl of [
    "http://my-sync.azurewebsites.net",
    "http://localhost.example.com",
    "https://user@my-sync.azurewebsites.net",
    "https://my-sync.azurewebsites.net/?code=1",
    "ftp://my-sync.azurewebsites.net",
    "my-sync",
  ]) {
    const read = configure({ functionAppUrl });
    assert.match(read.kind === "not_configured" ? read.faults.join() : "", /must be an address such as/, functionAppUrl);
  }
});

test("every missing setting is named at once", () => {
  const read = readConfiguration({}, reference("PROD-1"));
  assert.deepEqual(read.kind === "not_configured" && read.faults, [
    "The setting “Function app URL” is empty.",
    "The setting “Integrations” is empty.",
  ]);
});

test("a product without an entry and an entry that cannot be read are named", () => {
  const other = configure({}, "MOB-1");
  assert.match(other.kind === "not_configured" ? other.faults.join() : "", /no entry for the product MOB/);
  for (const integrations of ["PROD: fabrikam-web", "fabrikam-web", "PROD = ../../admin"]) {
    const read = configure({ integrations });
    assert.match(read.kind === "not_configured" ? read.faults.join() : "", /has the entry “/, integrations);
  }
});
