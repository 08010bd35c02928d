import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { EXTENSION_ID } from "../src/identifiers.ts";
import { callServer } from "../src/mailbox.ts";
import { readRequest } from "../src/request.ts";
import { recordSyncState } from "./examples.ts";

/** An account of Aha!: its extension fields, and the events that were triggered. */
class Account {
  readonly fields = new Map<string, unknown>();
  readonly events: Record<string, unknown>[] = [];
  looks = 0;
  isDown = false;

  readonly account: Aha.ExtensionFields = {
    getExtensionField: (_, name) => {
      this.looks += 1;
      return this.isDown ? Promise.reject(new Error("down")) : Promise.resolve(this.fields.get(name) ?? null);
    },
    setExtensionField: (_, name, value) => Promise.resolve(void this.fields.set(name, value)),
    clearExtensionField: (_, name) => Promise.resolve(void this.fields.delete(name)),
  };

  triggerServer(_: string, args: unknown): void {
    this.events.push(args as Record<string, unknown>);
  }

  /** What a server handler does: it leaves the reply to a request. */
  reply(toEvent: number, reply: unknown): void {
    void this.account.setExtensionField(EXTENSION_ID, `reply-${String(this.events[toEvent]?.["requestId"])}`, reply);
  }
}

/** What a browser keeps of a page. */
class BrowserStorage {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
}

let account: Account;

beforeEach(() => {
  account = new Account();
  useStorage(new BrowserStorage());
  Object.assign(globalThis, { aha: account });
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-11-26T20:00:00Z") });
});

function useStorage(storage: object | undefined): void {
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
}

afterEach(() => mock.timers.reset());

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    mock.timers.tick(1000);
    // The promises between two timers.
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

function syncStateReply(reference: string): unknown {
  return { kind: "answer", status: 200, retryAfter: null, body: { feature: recordSyncState(reference), requirements: [] } };
}

test("what the browser asks is what the server handler reads", () => {
  void callServer("check", "PROD-1");
  const request = readRequest(account.events[0]);
  assert.equal(request?.action, "check");
  assert.equal(request?.reference.text, "PROD-1");
});

test("the reply is taken from the account once, and the field is empty afterwards", async () => {
  const answer = callServer("read", "PROD-1");
  await pass(2);
  account.reply(0, syncStateReply("PROD-1"));
  await pass(1);
  assert.equal((await answer).kind, "sync_state");
  assert.equal(account.fields.size, 0);
  assert.equal(account.looks, 3);
});

test("requests at the same time get their own replies, whatever their order", async () => {
  const [first, second, same] = [callServer("read", "PROD-1"), callServer("read", "PROD-2"), callServer("read", "PROD-1")];
  assert.equal(new Set(account.events.map((event) => event["requestId"])).size, 3);
  account.reply(1, syncStateReply("PROD-2"));
  account.reply(2, { kind: "unreachable" });
  account.reply(0, syncStateReply("PROD-1"));
  await pass(1);
  const answers = await Promise.all([first, second, same]);
  const references = answers.map((answer) => (answer.kind === "sync_state" ? answer.syncState.feature.reference : answer.kind));
  assert.deepEqual(references, ["PROD-1", "PROD-2", "problem"]);
});

test("without a reply the browser stops after a minute and says so", async () => {
  const answer = callServer("send", "PROD-1");
  await pass(60);
  const { problem } = (await answer) as { problem: { code: string; detail: string } };
  assert.equal(problem.code, "no_reply");
  assert.match(problem.detail, /within 60 seconds.*may still be running/);
  assert.equal(account.looks, 60);
});

test("a look that fails is made again", async () => {
  const answer = callServer("read", "PROD-1");
  account.isDown = true;
  await pass(3);
  account.isDown = false;
  account.reply(0, syncStateReply("PROD-1"));
  await pass(1);
  assert.equal((await answer).kind, "sync_state");
});

test("an event that Aha! does not take is a problem and no exception", async () => {
  account.triggerServer = () => {
    throw new Error("no such event");
  };
  const { problem } = (await callServer("read", "PROD-1")) as { problem: { code: string } };
  assert.equal(problem.code, "aha_refused_request");
});

test("the reply to a tab that was closed is cleared by the next request, once it is old", async () => {
  void callServer("read", "PROD-1");
  account.reply(0, syncStateReply("PROD-1"));
  const field = [...account.fields.keys()][0] ?? "";
  // The tab is closed: nothing looks at the field any more.
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-11-26T20:01:00Z") });
  void callServer("read", "PROD-2");
  assert.ok(account.fields.has(field), "another tab may still wait for it");
  mock.timers.setTime(Date.parse("2026-11-26T20:04:00Z"));
  void callServer("read", "PROD-2");
  assert.ok(!account.fields.has(field));
});

test("a browser that stores nothing gets its replies all the same", async () => {
  const broken = () => {
    throw new Error("denied");
  };
  for (const storage of [undefined, { getItem: broken, setItem: broken }, { getItem: () => "[7", setItem: broken }]) {
    useStorage(storage);
    const answer = callServer("read", "PROD-1");
    account.reply(account.events.length - 1, syncStateReply("PROD-1"));
    await pass(1);
    assert.equal((await answer).kind, "sync_state");
  }
});
