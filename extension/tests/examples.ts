/** Answers of the function app, and the panels and references that tests start from. */

import assert from "node:assert/strict";

import { interpretReply, type Answer } from "../src/answer.ts";
import { changePanel, NEW_PANEL, type Panel, type PanelEvent } from "../src/panel.ts";
import { readReference, type Reference } from "../src/reference.ts";
import type { Action } from "../src/request.ts";

type Fields = Record<string, unknown>;

export function reference(text: string): Reference {
  const read = readReference(text);
  assert.ok(read);
  return read;
}

/** A record in an answer of GET. */
export function recordSyncState(referenceNum: string, changes: Fields = {}): Fields {
  return {
    id: `id-of-${referenceNum}`,
    reference_num: referenceNum,
    name: `Name of ${referenceNum}`,
    work_item: workItem(174),
    difference: "none",
    last_sent_at: "2026-11-26T20:00:00Z",
    last_received_at: null,
    last_error: null,
    ...changes,
  };
}

/** A record in an answer of POST. */
export function sentRecord(referenceNum: string, action: string, changes: Fields = {}): Fields {
  const { state: _, ...item } = workItem(174);
  return {
    id: `id-of-${referenceNum}`,
    reference_num: referenceNum,
    action,
    work_item: action === "pending" || action === "failed" ? null : item,
    error: null,
    conflicts: [],
    attachments: [],
    ...changes,
  };
}

export function workItem(id: number): Fields {
  return {
    id,
    url: `https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/${id}`,
    type: "User Story",
    state: "Active",
    rev: 3,
  };
}

/** What a browser makes of an answer of the function app. */
export function answered(action: Action, status: number, body: unknown, retryAfter: number | null = null): Answer {
  return interpretReply({ kind: "answer", status, retryAfter, body }, action);
}

export function syncStateAnswer(feature: Fields, ...requirements: Fields[]): Answer {
  return answered("read", 200, { feature, requirements });
}

export function sent(status: string, feature: Fields, ...requirements: Fields[]): Answer {
  const http = status === "in_progress" ? 202 : status === "partial" ? 207 : 200;
  return answered("send", http, { status, operation_id: "op-1", feature, requirements }, http === 202 ? 5 : null);
}

export function refused(status: number, code: string, detail: string, retryAfter: number | null = null): Answer {
  const body = { type: "about:blank", title: "Refused", status, detail, code, operation_id: "op-9" };
  return answered("send", status, body, retryAfter);
}

export function panelAfter(...events: PanelEvent[]): Panel {
  return events.reduce(changePanel, NEW_PANEL);
}

export function started(activity: "reading" | "sending" | "checking", keepsOutcome = false): PanelEvent {
  return { kind: "started", activity, keepsOutcome };
}

export function ended(answer: Answer): PanelEvent {
  return { kind: "ended", answer };
}
