// How the configuration page repeats a send until it is done, waits, gives up, and stops when a person says so.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

globalThis.sessionStorage = { getItem: () => "a-key" };
mock.timers.enable({ apis: ["setTimeout"] });
const { sendUntilDone } = await import("../../Console/static/feature_send.js");

const record = (action, { id = "1", attachments = [] } = {}) => ({ id, action, conflicts: [], attachments });
const done = (action) => ({ status: 200, body: { status: "succeeded", feature: record(action), requirements: [] } });
/** 202: this many of four requirements are not done. */
const going = (pending) => ({ status: 202, body: {
  status: "in_progress", feature: record("created"),
  requirements: [1, 2, 3, 4].map((number) => record(number > 4 - pending ? "pending" : "created", { id: `r${number}` })),
} });
const busy = (code, status = 503) => ({ status, body: { code, detail: `It is ${code}.` }, headers: { "retry-after": "7" } });

let [answers, calls, reports] = [[], [], []];
beforeEach(() => {
  [answers, calls, reports] = [[], [], []];
  globalThis.fetch = async (url, { headers }) => {
    calls.push(headers.prefer);
    const { status, body, headers: more = {} } = answers.length > 1 ? answers.shift() : answers[0];
    return new Response(JSON.stringify(body), { status, headers: more });
  };
});

/** Sends, and lets the time pass that the page waits. Returns the result, what was thrown, and the seconds waited. */
async function send(...given) {
  answers = given;
  const stopAt = given.find((one) => one.stopAfter !== undefined)?.stopAfter;
  const stopping = new AbortController();
  let ended = null;
  let seconds = 0;
  sendUntilDone("fabrikam-web", "PROD-1", stopping.signal, (words) => {
    reports.push(words);
    if (words.includes("stop me")) stopping.abort();
  }).then((result) => { ended = { result }; }, (error) => { ended = { error }; });
  while (!ended) {
    for (let turn = 0; turn < 50 && !ended; turn += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    if (ended) break;
    if (seconds === stopAt) stopping.abort();
    mock.timers.tick(1000);
    seconds += 1;
  }
  return { ...ended, seconds };
}

test("a send that is done at once is called once", async () => {
  const { result, seconds } = await send(done("created"));

  assert.equal(result.feature.action, "created");
  assert.deepEqual([calls, reports, seconds], [["wait=20"], [], 0]);
});

test("a send that runs out of time goes on, and what an earlier call created stays created", async () => {
  const { result } = await send(going(4), going(2), done("unchanged"));

  assert.equal(result.feature.action, "created");
  assert.deepEqual(reports, ["Sending: 1 of 5 records and files are done…", "Sending: 3 of 5 records and files are done…"]);
  assert.deepEqual(calls, ["wait=20", "wait=20", "wait=20"]);
});

test("a call that did nothing gets more time the next time", async () => {
  await send(going(4), going(4), going(4), done("created"));

  assert.deepEqual(calls, ["wait=20", "wait=20", "wait=40", "wait=80"]);
});

for (const code of ["feature_busy", "app_busy", "azure_devops_unavailable", "aha_unavailable", "storage_unavailable"]) {
  test(`${code} is waited for as long as the answer asks`, async () => {
    const { result, seconds } = await send(busy(code), done("created"));

    assert.equal(result.feature.action, "created");
    assert.equal(seconds, 7);
    assert.deepEqual(reports, [`Waiting: It is ${code}.`]);
  });
}

test("what stays busy is given up after five calls, with what the last one said", async () => {
  const { error } = await send(busy("feature_busy", 409));

  assert.equal(error.detail, "It is feature_busy.");
  assert.equal(calls.length, 5);
});

test("a send that never gets on is given up, and says how to go on", async () => {
  const { error } = await send(going(4));

  assert.equal(error.detail, "Press Send to continue where it stopped.");
  assert.equal(calls.length, 6);
});

test("what does not pass is not repeated", async () => {
  const { error } = await send({ status: 422, body: { code: "azure_devops_forbidden", detail: "No right." } });

  assert.equal(error.code, "azure_devops_forbidden");
  assert.equal(calls.length, 1);
});

test("a person who stops waiting waits no longer", async () => {
  const atOnce = await send({ ...busy("feature_busy"), body: { code: "feature_busy", detail: "stop me" } });
  const later = await send({ ...busy("feature_busy"), stopAfter: 3 });

  assert.deepEqual([atOnce.error.name, atOnce.seconds, later.error.name, later.seconds], ["AbortError", 0, "AbortError", 4]);
  assert.equal(calls.length, 2);
});
