/** The sync state of a feature: the answer of GET /api/integrations/{id}/features/{reference}. */

import { asNumber, asObject, asObjects, asText, oneOf, type Json } from "./json.ts";
import { safeWebAddress } from "./webAddress.ts";

const DIFFERENCES = ["none", "aha", "azure_devops", "both", "not_sent", "gone", "unreadable"] as const;

/** Which side has changes that are not synced. `unknown` replaces a value of a newer function app. */
export type Difference = (typeof DIFFERENCES)[number] | "unknown";

export interface WorkItem {
  readonly id: number;
  readonly url: string | null;
  readonly type: string;
  /** Empty if the answer has none. */
  readonly state: string;
}

export interface Fault {
  readonly code: string;
  readonly detail: string;
}

export interface RecordSyncState {
  readonly id: string;
  readonly reference: string;
  readonly name: string;
  readonly workItem: WorkItem | null;
  readonly difference: Difference;
  /** ISO 8601; empty if never. */
  readonly lastSentAt: string;
  readonly lastError: Fault | null;
}

export interface SyncState {
  readonly feature: RecordSyncState;
  readonly requirements: readonly RecordSyncState[];
}

/** Null if the body has another shape. */
export function readSyncState(body: unknown): SyncState | null {
  const answer = asObject(body);
  const feature = readRecord(asObject(answer?.["feature"]));
  if (answer === null || feature === null) return null;
  const requirements = asObjects(answer["requirements"]).map(readRecord);
  return { feature, requirements: requirements.filter((one) => one !== null) };
}

export function readWorkItem(value: unknown): WorkItem | null {
  const item = asObject(value);
  const id = asNumber(item?.["id"]);
  if (item === null || id === null) return null;
  return { id, url: safeWebAddress(item["url"]), type: asText(item["type"]), state: asText(item["state"]) };
}

export function readFault(value: unknown): Fault | null {
  const fault = asObject(value);
  return fault === null ? null : { code: asText(fault["code"]), detail: asText(fault["detail"]) };
}

function readRecord(record: Json | null): RecordSyncState | null {
  if (record === null || typeof record["difference"] !== "string") return null;
  return {
    id: asText(record["id"]),
    reference: asText(record["reference_num"]),
    name: asText(record["name"]),
    workItem: readWorkItem(record["work_item"]),
    difference: oneOf(record["difference"], DIFFERENCES) ?? "unknown",
    lastSentAt: asText(record["last_sent_at"]),
    lastError: readFault(record["last_error"]),
  };
}
