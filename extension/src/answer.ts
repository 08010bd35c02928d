/** Interprets a reply of the server handler. */

import { asNumber, asObject, asText } from "./json.ts";
import type { Action } from "./request.ts";
import { readSendResult, type SendResult } from "./sendResult.ts";
import { readSyncState, type SyncState } from "./syncState.ts";

/** Why a whole request failed. */
export interface Problem {
  /** A code of the function app or of this extension. */
  readonly code: string;
  readonly detail: string;
  /** Finds the request in the integration log; empty if the function app did not answer. */
  readonly operationId: string;
  /** In seconds; null if the answer names none. */
  readonly retryAfter: number | null;
}

export type Answer =
  | { readonly kind: "sync_state"; readonly syncState: SyncState }
  | { readonly kind: "result"; readonly result: SendResult; readonly retryAfter: number | null }
  | { readonly kind: "problem"; readonly problem: Problem }
  | { readonly kind: "not_configured"; readonly faults: readonly string[] };

/** Interprets the content of a request's account field. Other scripts could have written it. */
export function interpretReply(value: unknown, action: Action): Answer {
  const reply = asObject(value);
  switch (reply?.["kind"]) {
    case "not_configured": {
      const faults: unknown[] = Array.isArray(reply["faults"]) ? reply["faults"] : [];
      return { kind: "not_configured", faults: faults.map(asText).filter((fault) => fault !== "") };
    }
    case "answer":
      return interpretAnswer(asNumber(reply["status"]) ?? 0, asNumber(reply["retryAfter"]), reply["body"], action);
    default:
      return ownProblem(
        "function_app_unreachable",
        "Aha! could not reach the function app. An administrator can check the setting “Function app URL” and that the app runs.",
      );
  }
}

/** A failure that the function app does not know about. */
export function ownProblem(code: string, detail: string): Answer {
  return { kind: "problem", problem: { code, detail, operationId: "", retryAfter: null } };
}

function interpretAnswer(status: number, retryAfter: number | null, body: unknown, action: Action): Answer {
  if (status >= 200 && status < 300) {
    if (action === "read") {
      const syncState = readSyncState(body);
      if (syncState !== null) return { kind: "sync_state", syncState };
    } else {
      const result = readSendResult(body);
      if (result !== null) return { kind: "result", result, retryAfter };
    }
  }
  const problem = asObject(body);
  const code = asText(problem?.["code"]);
  if (problem !== null && code !== "") {
    const detail = asText(problem["detail"]) || asText(problem["title"]) || `The function app answered ${status}.`;
    return { kind: "problem", problem: { code, detail, operationId: asText(problem["operation_id"]), retryAfter } };
  }
  return platformProblem(status);
}

/** An answer of the platform in front of the function app: it has no problem document. */
function platformProblem(status: number): Answer {
  if (status === 401 || status === 403) {
    return ownProblem(
      "function_key_refused",
      `The function app refused the function key (${status}). An administrator can renew the setting “Function key”.`,
    );
  }
  const what = status === 404 ? "found nothing at this address" : "gave an answer that this extension does not understand";
  return ownProblem(
    "function_app_answer_unknown",
    `The function app ${what} (${status}). An administrator can check the setting “Function app URL” and the app's version.`,
  );
}
