// What the configuration page's address names.
import assert from "node:assert/strict";
import test from "node:test";
import { presentAddress, routeOf } from "../../Console/static/routes.js";

for (const [hash, expected] of [
  ["", { name: "list" }],
  ["#/", { name: "list" }],
  ["#/new", { name: "editor", id: null, view: "setup" }],
  ["#/i/fabrikam-web", { name: "editor", id: "fabrikam-web", view: "setup", item: "" }],
  ["#/i/fabrikam-web/log?level=error", { name: "editor", id: "fabrikam-web", view: "log", item: "" }],
  ["#/i/fabrikam-web/features/A%26B-1", { name: "editor", id: "fabrikam-web", view: "features", item: "A&B-1" }],
  // The view Send a sample is a part of Features now, and bookmarks stay.
  ["#/i/fabrikam-web/send", { name: "editor", id: "fabrikam-web", view: "features", item: "" }],
  ["#/i/send/send", { name: "editor", id: "send", view: "features", item: "" }],
  ["#/i/fabrikam-web/features/%E0%A4%A", { name: "editor", id: "fabrikam-web", view: "features", item: "%E0%A4%A" }],
]) {
  test(`“${hash}”`, () => assert.deepEqual(routeOf(hash), expected));
}

test("an address gets the present name of its view", () => {
  assert.equal(presentAddress("#/i/send/send"), "#/i/send/features");
  assert.equal(presentAddress("#/i/send"), "#/i/send");
  assert.equal(presentAddress("#/i/fabrikam-web/log?text=/send"), "#/i/fabrikam-web/log?text=/send");
});
