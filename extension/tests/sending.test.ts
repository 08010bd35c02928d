import assert from "node:assert/strict";
import { test } from "node:test";

import type { Answer } from "../src/answer.ts";
import { sendUntilDone, type SendingState } from "../src/sending.ts";
import { refused, sent, sentRecord } from "./examples.ts";

/** Sends against these answers, the last one again and again. */
async function sendAgainst(...answers: Answer[]) {
  const waits: number[] = [];
  const states: SendingState[] = [];
  let calls = 0;
  const answer = await sendUntilDone({
    callSend: () => Promise.resolve(answers[Math.min(calls++, answers.length - 1)] as Answer),
    wait: (seconds) => {
      waits.push(seconds);
      return Promise.resolve();
    },
    report: (state) => states.push(state),
  });
  return { answer, calls, waits, states };
}

function unfinished(done: number, total: number): Answer {
  const requirements = Array.from({ length: total - 1 }, (_, index) =>
    sentRecord(`PROD-1-${index + 1}`, index + 1 < done ? "created" : "pending"),
  );
  return sent("in_progress", sentRecord("PROD-1", "created"), ...requirements);
}

const DONE = sent("succeeded", sentRecord("PROD-1", "created"));
const BUSY = refused(409, "feature_busy", "PROD-1 is being sent elsewhere.", 7);

test("a send that is not done is repeated until it is", async () => {
  const { answer, calls, waits, states } = await sendAgainst(unfinished(1, 9), unfinished(4, 9), DONE);
  assert.deepEqual(answer, DONE);
  assert.equal(calls, 3);
  assert.deepEqual(waits, [5, 5]);
  assert.equal(states.length, 2);
});

test("the result tells what all calls did together", async () => {
  const conflicts = [{ field: "Description", kept: "aha" }];
  const first = sent("in_progress", sentRecord("PROD-1", "created"), sentRecord("PROD-1-1", "updated", { conflicts }), sentRecord("PROD-1-2", "pending"));
  const last = sent("succeeded", sentRecord("PROD-1", "unchanged"), sentRecord("PROD-1-1", "unchanged"), sentRecord("PROD-1-2", "created"));
  const { answer } = await sendAgainst(first, last);
  assert.ok(answer.kind === "result");
  assert.deepEqual([answer.result.feature.action, ...answer.result.requirements.map((one) => one.action)], ["created", "updated", "created"]);
  assert.equal(answer.result.requirements[0]?.conflicts.length, 1);
  assert.equal(answer.result.status, "succeeded");
});

test("a record that failed later has failed", async () => {
  const first = sent("in_progress", sentRecord("PROD-1", "created"));
  const last = sent("partial", sentRecord("PROD-1", "failed"));
  const { answer } = await sendAgainst(first, last);
  assert.ok(answer.kind === "result");
  assert.equal(answer.result.feature.action, "failed");
});

test("a send that another one holds up waits for it, and says so", async () => {
  const { answer, waits, states } = await sendAgainst(BUSY, BUSY, DONE);
  assert.deepEqual(answer, DONE);
  assert.deepEqual(waits, [7, 7]);
  assert.equal(states[0]?.obstacle?.code, "feature_busy");
});

test("an outage in the middle does not end the send, and what was done stays in sight", async () => {
  const outage = refused(503, "azure_devops_unavailable", "Azure DevOps does not answer.", 30);
  const { answer, states } = await sendAgainst(unfinished(3, 9), outage, DONE);
  assert.deepEqual(answer, DONE);
  assert.equal(states[1]?.result?.requirements.length, 8);
  assert.equal(states[1]?.obstacle?.detail, "Azure DevOps does not answer.");
});

test("a problem that a person has to solve ends the send at once", async () => {
  for (const code of ["azure_devops_forbidden", "other_product", "integration_disabled", "internal_error"]) {
    const problem = refused(422, code, "…");
    const { answer, calls } = await sendAgainst(problem);
    assert.equal(answer, problem);
    assert.equal(calls, 1, code);
  }
});

test("no wait is shorter than a second or longer than half a minute", async () => {
  const hasty = refused(409, "feature_busy", "…", 0);
  const slow = refused(409, "feature_busy", "…", 86_400);
  const { waits } = await sendAgainst(hasty, slow, DONE);
  assert.deepEqual(waits, [1, 30]);
});

test("a send that does not get on is given up", async () => {
  const stuck = await sendAgainst(unfinished(2, 9));
  assert.ok(stuck.answer.kind === "problem");
  assert.equal(stuck.answer.problem.code, "send_not_finished");
  assert.ok(stuck.calls < 10);
  const busy = await sendAgainst(BUSY);
  assert.equal(busy.answer, BUSY);
  assert.ok(busy.calls < 10);
});

test("a long send goes on as long as it gets on", async () => {
  const steps = Array.from({ length: 60 }, (_, index) => unfinished(index + 1, 100));
  const { answer, calls } = await sendAgainst(...steps, DONE);
  assert.deepEqual(answer, DONE);
  assert.equal(calls, 61);
});
