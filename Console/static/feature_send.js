// Send a feature, and repeat the call until everything is done. The app continues where it stopped.
import { Problem, sendReference } from "./api.js";
import { recordsOf } from "./feature_words.js";

const WAIT_SECONDS = 20;
const LONGEST_WAIT_SECONDS = 200;
const MOST_FUTILE_CALLS = 5;
const MOST_CALLS = 120;
const PASSING = ["feature_busy", "app_busy", "azure_devops_unavailable", "aha_unavailable", "storage_unavailable"];

/** Returns the result. `report` is given a sentence before each repetition. Throws Problem, or AbortError once `signal` aborts. */
export async function sendUntilDone(id, reference, signal, report) {
  let [result, done, futile, seconds] = [null, 0, 0, WAIT_SECONDS];
  for (let calls = 0; calls < MOST_CALLS && futile < MOST_FUTILE_CALLS; calls += 1) {
    const answer = await attempt(id, reference, seconds, signal);
    if (answer.body) {
      result = merged(result, answer.body);
      if (answer.status !== 202) return result;
      const progress = progressOf(result);
      const isFutile = progress.done <= done;
      futile = isFutile ? futile + 1 : 0;
      // A large file may need longer than one answer's time.
      if (isFutile) seconds = Math.min(seconds * 2, LONGEST_WAIT_SECONDS);
      done = progress.done;
      report(`Sending: ${progress.done} of ${progress.all} records and files are done…`);
    } else {
      futile += 1;
      if (futile >= MOST_FUTILE_CALLS) throw answer.problem;
      report(`Waiting: ${answer.problem.detail}`);
    }
    await pause(Math.min(Math.max(answer.retryAfter, 1), 30), signal);
  }
  throw new Problem({ title: "The send has not finished", detail: "Press Send to continue where it stopped." });
}

async function attempt(id, reference, seconds, signal) {
  try {
    return await sendReference(id, reference, seconds, signal);
  } catch (error) {
    if (!PASSING.includes(error.code)) throw error;
    return { problem: error, retryAfter: error.retryAfter };
  }
}

function pause(seconds, signal) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** The later result. A record that an earlier call of the same send created or updated does not become unchanged. */
function merged(earlier, later) {
  const before = new Map(earlier ? recordsOf(earlier).map((one) => [one.id, one]) : []);
  const of = (record) => {
    const known = before.get(record.id);
    if (!known) return record;
    const isKept = known.action === "created" ? ["updated", "unchanged"].includes(record.action)
      : known.action === "updated" && record.action === "unchanged";
    return { ...record, action: isKept ? known.action : record.action, conflicts: [...known.conflicts, ...record.conflicts] };
  };
  return { ...later, feature: of(later.feature), requirements: later.requirements.map(of) };
}

function progressOf(result) {
  const parts = recordsOf(result).flatMap((record) => [record, ...record.attachments]);
  return { all: parts.length, done: parts.filter((one) => one.action !== "pending").length };
}
