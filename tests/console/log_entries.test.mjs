// Which entries of the log the configuration page has while it stays open.
import assert from "node:assert/strict";
import test from "node:test";
import { NOTHING, PAGE, withNewest, withOlder } from "../../Console/static/log_entries.js";

const entry = (number) => ({ time: `t${number}`, operation_id: "op-1", event: "integration.saved", message: "" });
/** Entries from `first` down to `last`, newest first. */
const entries = (first, last) => Array.from({ length: first - last + 1 }, (_, index) => entry(first - index));
const page = (first, last, next = null) => ({ entries: entries(first, last), next });
const numbers = (known) => [known.entries.length, known.entries[0]?.time, known.entries.at(-1)?.time, known.older];

test("new entries go on top, and nothing new changes nothing", () => {
  const first = withNewest(NOTHING, page(3, 1));
  const more = withNewest(first, page(5, 1));

  assert.deepEqual(numbers(first), [3, "t3", "t1", null]);
  assert.deepEqual(numbers(more), [5, "t5", "t1", null]);
  assert.equal(withNewest(more, page(5, 1)), more);
  assert.deepEqual(numbers(withNewest(NOTHING, page(0, 1, "c"))), [0, undefined, undefined, "c"]);
});

test("older entries go below, and keep what is new on top", () => {
  const older = withOlder(withNewest(NOTHING, page(300, 101, "before 101")), page(100, 1));

  assert.deepEqual(numbers(older), [300, "t300", "t1", null]);
  assert.deepEqual(numbers(withNewest(older, page(301, 102, "before 102"))), [301, "t301", "t1", null]);
});

test("where entries are missing in between, the newest page is all that is known", () => {
  const known = withNewest(NOTHING, page(10, 1));

  assert.deepEqual(numbers(withNewest(known, page(10 + PAGE + 1, 12, "before 12"))), [PAGE, "t211", "t12", "before 12"]);
});

test("a page that is open for days starts anew now and then, and stays small", () => {
  let known = withNewest(NOTHING, page(PAGE, 1, "before 1"));
  let most = 0;
  for (let newest = PAGE + 50; newest <= 100_000; newest += 50) {
    known = withNewest(known, page(newest, newest - PAGE + 1, `before ${newest - PAGE + 1}`));
    most = Math.max(most, known.entries.length);
    assert.equal(known.entries[0].time, `t${newest}`);
    assert.equal(known.older, `before ${known.entries.at(-1).time.slice(1)}`);
  }
  assert.equal(most, 1200);
});
