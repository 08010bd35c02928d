/** The texts of a panel for each record. */

import type { Outcome, Panel } from "./panel.ts";
import type { SentAction, SentRecord } from "./sendResult.ts";
import { recordsOf } from "./sendResult.ts";
import type { Difference, RecordSyncState, WorkItem } from "./syncState.ts";

export interface Row {
  readonly reference: string;
  readonly name: string;
  /** Has the same meaning as the text next to it; only visual. */
  readonly symbol: string;
  /** Such as "Up to date". */
  readonly summary: string;
  readonly workItem: WorkItem | null;
  readonly notes: readonly string[];
  readonly errors: readonly string[];
}

const SUMMARIES: Readonly<Record<Difference, readonly [symbol: string, words: string]>> = {
  none: ["✓", "Up to date"],
  aha: ["↑", "Changed in Aha! since it was sent"],
  azure_devops: ["↓", "Changed in Azure DevOps"],
  both: ["↕", "Changed in Aha! and in Azure DevOps"],
  not_sent: ["○", "Not sent"],
  gone: ["✕", "The work item was deleted"],
  unreadable: ["✕", "The work item cannot be read"],
  unknown: ["?", "Not known to this version of the extension"],
};

const NOTES: Readonly<Partial<Record<Difference, string>>> = {
  azure_devops: "The change has not reached Aha! yet. Sending again does not overwrite it.",
  both: "Sending again keeps the text from Aha!.",
  gone: "Sending again creates a new work item.",
  unreadable:
    "It may be in an area or a project that the user of the function app's token cannot see. Sending again does not create a new one.",
};

const DONE: Readonly<Record<SentAction, readonly [symbol: string, words: string]>> = {
  created: ["✓", "Created"],
  updated: ["✓", "Updated"],
  unchanged: ["✓", "No change"],
  failed: ["✕", "Not sent"],
  pending: ["…", "Waiting to be sent"],
  unknown: SUMMARIES.unknown,
};

const PLANNED: Readonly<Record<SentAction, readonly [symbol: string, words: string]>> = {
  created: ["+", "Would be created"],
  updated: ["↑", "Would be updated"],
  unchanged: ["✓", "Would not change"],
  failed: ["✕", "Would not be sent"],
  pending: ["…", "Not checked"],
  unknown: SUMMARIES.unknown,
};

/** One row for each record, the feature first. */
export function rowsOf(panel: Panel): readonly Row[] {
  const read = panel.syncState === null ? [] : [panel.syncState.feature, ...panel.syncState.requirements];
  const sent = panel.outcome === null ? [] : recordsOf(panel.outcome.result);
  const sentByReference = new Map(sent.map((record) => [record.reference, record]));
  const known = new Set(read.map((record) => record.reference));
  const isReadSince = panel.activity !== "sending" && panel.outcome?.of === "send" && panel.problem === null;
  return [
    ...read.map((record) => rowOf(record, sentByReference.get(record.reference), panel.outcome, isReadSince)),
    // A requirement that was added after the feature was last read.
    ...sent.filter((record) => !known.has(record.reference)).map((record) => rowOf(null, record, panel.outcome, false)),
  ];
}

function rowOf(
  syncState: RecordSyncState | null,
  sent: SentRecord | undefined,
  outcome: Outcome | null,
  isReadSince: boolean,
): Row {
  const difference = syncState?.difference ?? "not_sent";
  const [symbol, summary] = summaryOf(difference, sent, outcome, isReadSince);
  const note = sent === undefined || isReadSince ? NOTES[difference] : undefined;
  return {
    reference: syncState?.reference ?? sent?.reference ?? "",
    name: syncState?.name ?? "",
    symbol,
    summary,
    workItem: workItemOf(syncState, sent),
    notes: [...(note === undefined ? [] : [note]), ...conflictNotes(sent)],
    errors: errorsOf(syncState, sent),
  };
}

function summaryOf(
  difference: Difference,
  sent: SentRecord | undefined,
  outcome: Outcome | null,
  isReadSince: boolean,
): readonly [string, string] {
  if (sent === undefined || outcome === null) return SUMMARIES[difference];
  if (outcome.of === "check") return PLANNED[sent.action];
  // After the send, the feature was read again, which is more precise than "Updated".
  return isReadSince && sent.action !== "failed" ? SUMMARIES[difference] : DONE[sent.action];
}

/** A result has no state of a work item, and the sync state may be older than the send. */
function workItemOf(syncState: RecordSyncState | null, sent: SentRecord | undefined): WorkItem | null {
  const read = syncState?.workItem ?? null;
  const made = sent?.workItem ?? null;
  if (read === null || made === null) return made ?? read;
  return read.id === made.id ? read : made;
}

function errorsOf(syncState: RecordSyncState | null, sent: SentRecord | undefined): string[] {
  // The last error is older than the send of this result.
  const fault = sent === undefined ? syncState?.lastError : sent.error;
  const files = sent?.failedFiles.map((file) => `File “${file.name}”: ${file.detail}`) ?? [];
  return [...(fault ? [fault.detail] : []), ...files];
}

function conflictNotes(sent: SentRecord | undefined): string[] {
  return (sent?.conflicts ?? []).map(({ field, kept }) =>
    kept === "aha"
      ? `“${field}” was changed on both sides. The text from Aha! was kept; the other one is in the work item's history.`
      : `“${field}” was changed on both sides. The text from Azure DevOps was kept.`,
  );
}
