/** Sentences about the result of a send or of a dry run. */

import { recordsOf, type SendResult } from "./sendResult.ts";

/** What a send did, in one sentence. */
export function sendSentence(result: SendResult): string {
  const counts = countActions(result);
  if (result.status === "in_progress") return "The send has not finished.";
  const done = [counts.created && `${counts.created} created`, counts.updated && `${counts.updated} updated`]
    .filter((part) => typeof part === "string")
    .join(", ");
  const failed = failuresIn(result);
  if (failed > 0) return `Sent in part: ${done === "" ? "" : `${done}, `}${failed} failed.`;
  return done === "" ? "Sent. There was nothing to change." : `Sent: ${done}.`;
}

/** What a send would do, in one sentence. */
export function checkSentence(result: SendResult): string {
  const counts = countActions(result);
  const planned = [
    counts.created && `create ${countOf(counts.created, "work item")}`,
    counts.updated && `update ${countOf(counts.updated, "work item")}`,
    counts.failed && `fail for ${countOf(counts.failed, "record")}`,
  ].filter((part) => typeof part === "string");
  return planned.length === 0 ? "Checked: a send would change nothing." : `Checked: a send would ${joined(planned)}.`;
}

/** What was not sent and why, one line each. */
export function failureLines(result: SendResult): string[] {
  return recordsOf(result).flatMap((record) => [
    ...(record.error === null ? [] : [`${record.reference}: ${record.error.detail}`]),
    ...record.failedFiles.map((file) => `${record.reference}, file “${file.name}”: ${file.detail}`),
  ]);
}

function countActions(result: SendResult): { created: number; updated: number; failed: number } {
  const counts = { created: 0, updated: 0, failed: 0 };
  for (const { action } of recordsOf(result)) {
    if (action === "created" || action === "updated" || action === "failed") counts[action] += 1;
  }
  return counts;
}

/** Records and files that were not sent. */
function failuresIn(result: SendResult): number {
  return recordsOf(result).reduce(
    (sum, record) => sum + (record.action === "failed" ? 1 : 0) + record.failedFiles.length,
    0,
  );
}

/** Such as "1 record" and "2 records". */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function joined(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1] ?? ""}`;
}
