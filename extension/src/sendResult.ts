/** What a send did, or what a dry run would do: the answer of POST /api/integrations/{id}/features/{reference}. */

import { asObject, asObjects, asText, oneOf, type Json } from "./json.ts";
import { readFault, readWorkItem, type Fault, type WorkItem } from "./syncState.ts";

const STATUSES = ["succeeded", "partial", "in_progress"] as const;
const ACTIONS = ["created", "updated", "unchanged", "failed", "pending"] as const;

/** What was done with a record. `unknown` replaces a value of a newer function app. */
export type SentAction = (typeof ACTIONS)[number] | "unknown";

/** A file that was not sent. */
export interface FailedFile {
  readonly name: string;
  readonly detail: string;
}

export interface SentRecord {
  readonly id: string;
  readonly reference: string;
  readonly action: SentAction;
  readonly workItem: WorkItem | null;
  readonly error: Fault | null;
  /** Fields that were changed on both sides. */
  readonly conflicts: readonly Conflict[];
  readonly failedFiles: readonly FailedFile[];
  readonly pendingFiles: number;
  readonly doneFiles: number;
}

export interface Conflict {
  readonly field: string;
  readonly kept: "aha" | "azure_devops";
}

export interface SendResult {
  readonly status: (typeof STATUSES)[number];
  readonly feature: SentRecord;
  readonly requirements: readonly SentRecord[];
}

/** Records and files together. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** Null if the body has another shape. */
export function readSendResult(body: unknown): SendResult | null {
  const answer = asObject(body);
  const status = oneOf(answer?.["status"], STATUSES);
  const feature = readRecord(asObject(answer?.["feature"]));
  if (answer === null || status === null || feature === null) return null;
  const requirements = asObjects(answer["requirements"]).map(readRecord);
  return { status, feature, requirements: requirements.filter((one) => one !== null) };
}

export function recordsOf(result: SendResult): readonly SentRecord[] {
  return [result.feature, ...result.requirements];
}

export function progressOf(result: SendResult): Progress {
  let done = 0;
  let total = 0;
  for (const record of recordsOf(result)) {
    const isPending = record.action === "pending";
    done += (isPending ? 0 : 1) + record.doneFiles;
    total += 1 + record.doneFiles + record.pendingFiles;
  }
  return { done, total };
}

/** The result of a whole send. `later` is the answer to the next call; the results of earlier calls are kept. */
export function mergeResults(earlier: SendResult | null, later: SendResult): SendResult {
  if (earlier === null) return later;
  const byReference = new Map(recordsOf(earlier).map((record) => [record.reference, record]));
  const merge = (record: SentRecord) => mergeRecords(byReference.get(record.reference), record);
  return { ...later, feature: merge(later.feature), requirements: later.requirements.map(merge) };
}

function mergeRecords(earlier: SentRecord | undefined, later: SentRecord): SentRecord {
  if (earlier === undefined) return later;
  const wasCreated = earlier.action === "created" && (later.action === "updated" || later.action === "unchanged");
  const wasUpdated = earlier.action === "updated" && later.action === "unchanged";
  const action = wasCreated || wasUpdated ? earlier.action : later.action;
  return { ...later, action, conflicts: [...earlier.conflicts, ...later.conflicts] };
}

function readRecord(record: Json | null): SentRecord | null {
  if (record === null || typeof record["action"] !== "string") return null;
  const files = asObjects(record["attachments"]);
  const failed = files.filter((file) => file["action"] === "failed");
  const pending = files.filter((file) => file["action"] === "pending");
  return {
    id: asText(record["id"]),
    reference: asText(record["reference_num"]),
    action: oneOf(record["action"], ACTIONS) ?? "unknown",
    workItem: readWorkItem(record["work_item"]),
    error: readFault(record["error"]),
    conflicts: asObjects(record["conflicts"]).flatMap(readConflict),
    failedFiles: failed.map((file) => ({
      name: asText(file["file_name"]),
      detail: readFault(file["error"])?.detail ?? "",
    })),
    pendingFiles: pending.length,
    doneFiles: files.length - pending.length,
  };
}

function readConflict(conflict: Json): Conflict[] {
  const kept = oneOf(conflict["kept"], ["aha", "azure_devops"] as const);
  return kept === null ? [] : [{ field: asText(conflict["field"]), kept }];
}
