/** Repeats a send until it is done. The function app continues where it stopped. */

import { ownProblem, type Answer, type Problem } from "./answer.ts";
import { mergeResults, progressOf, type SendResult } from "./sendResult.ts";

/** What a send is doing between two of its calls. */
export interface SendingState {
  /** What the last answer said of each record; null before the first one. */
  readonly result: SendResult | null;
  /** What the send waits for; null while it makes progress. */
  readonly obstacle: Problem | null;
}

export interface SendingTools {
  readonly callSend: () => Promise<Answer>;
  readonly wait: (seconds: number) => Promise<void>;
  readonly report: (state: SendingState) => void;
}

/** The send is given up after this many calls in a row without progress. */
const FUTILE_CALLS = 5;
/** At about 20 seconds a call: well over half an hour. */
const MOST_CALLS = 120;
const LEAST_WAIT = 1;
const LONGEST_WAIT = 30;
/** Temporary problems that may end while a person waits. */
const PASSING = ["feature_busy", "azure_devops_unavailable", "aha_unavailable", "storage_unavailable"];

/** Returns the last answer, or a problem if the send was given up. */
export async function sendUntilDone(tools: SendingTools): Promise<Answer> {
  let result: SendResult | null = null;
  let done = -1;
  let futile = 0;
  for (let call = 0; call < MOST_CALLS; call += 1) {
    const answer = withEarlier(result, await tools.callSend());
    const retryAfter = secondsToRepeat(answer);
    if (retryAfter === null) return answer;
    if (answer.kind === "result") {
      result = answer.result;
      const nowDone = progressOf(result).done;
      futile = nowDone > done ? 0 : futile + 1;
      done = nowDone;
    } else {
      futile += 1;
    }
    if (futile >= FUTILE_CALLS) return answer.kind === "problem" ? answer : givenUp();
    tools.report({ result, obstacle: answer.kind === "problem" ? answer.problem : null });
    await tools.wait(Math.min(Math.max(retryAfter, LEAST_WAIT), LONGEST_WAIT));
  }
  return givenUp();
}

function withEarlier(earlier: SendResult | null, answer: Answer): Answer {
  return answer.kind === "result" ? { ...answer, result: mergeResults(earlier, answer.result) } : answer;
}

function givenUp(): Answer {
  return ownProblem(
    "send_not_finished",
    "The send stopped before everything was sent. Press “Send again”: it continues where it stopped.",
  );
}

/** Null if the answer is final. */
function secondsToRepeat(answer: Answer): number | null {
  if (answer.kind === "result" && answer.result.status === "in_progress") return answer.retryAfter ?? LEAST_WAIT;
  if (answer.kind === "problem" && PASSING.includes(answer.problem.code)) return answer.problem.retryAfter ?? LEAST_WAIT;
  return null;
}
