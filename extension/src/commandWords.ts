/** The texts of the record action. */

import type { Answer } from "./answer.ts";
import { failureLines, sendSentence } from "./resultWords.ts";
import type { SendingState } from "./sending.ts";
import { progressOf } from "./sendResult.ts";

/** How many failures are named; the panel shows all of them. */
const MOST_FAILURES = 3;

/** What a running send has done so far. */
export function commandStep(feature: string, { result, obstacle }: SendingState): string {
  if (obstacle !== null) return `${feature} is waiting: ${obstacle.detail}`;
  if (result === null) return `Sending ${feature} to Azure DevOps …`;
  const { done, total } = progressOf(result);
  return `Sending ${feature} to Azure DevOps: ${done} of ${total} records and files done …`;
}

/** The result of the send. */
export function commandResult(feature: string, answer: Answer): string {
  switch (answer.kind) {
    case "result": {
      const failures = failureLines(answer.result);
      const more = failures.length > MOST_FAILURES ? [`${failures.length - MOST_FAILURES} more`] : [];
      return [`${feature}: ${sendSentence(answer.result)}`, ...failures.slice(0, MOST_FAILURES), ...more].join("\n");
    }
    case "problem":
      return `${feature} was not sent. ${answer.problem.detail}`;
    case "not_configured":
      return [`${feature} was not sent. Azure DevOps is not set up here.`, ...answer.faults].join("\n");
    case "sync_state":
      return `${feature} was not sent.`;
  }
}
