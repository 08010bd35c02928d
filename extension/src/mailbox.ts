/**
 * Calls a server handler from the browser. `aha.triggerServer` returns nothing, so the handler leaves its reply in an
 * account field that belongs to this one request, and the browser reads it once a second.
 */

import { interpretReply, ownProblem, type Answer } from "./answer.ts";
import { CALL_FUNCTION_APP, EXTENSION_ID, replyField } from "./identifiers.ts";
import { forgetField, rememberField, takeAbandonedFields } from "./openReplies.ts";
import type { Action, RequestArguments } from "./request.ts";

const LOOK_EVERY_SECONDS = 1;
const LONGEST_WAIT_SECONDS = 60;

/** Calls a server handler and returns its answer. Never rejects. */
export async function callServer(action: Action, reference: string): Promise<Answer> {
  const args: RequestArguments = { requestId: makeRequestId(), action, reference };
  const field = replyField(args.requestId);
  takeAbandonedFields(Date.now()).forEach(clearField);
  rememberField(field, Date.now());
  try {
    aha.triggerServer(CALL_FUNCTION_APP, args);
    for (let waited = 0; waited < LONGEST_WAIT_SECONDS; waited += LOOK_EVERY_SECONDS) {
      await waitSeconds(LOOK_EVERY_SECONDS);
      const reply = await readField(field);
      if (reply === null) continue;
      clearField(field);
      forgetField(field);
      return interpretReply(reply, action);
    }
  } catch {
    return ownProblem("aha_refused_request", "Aha! did not accept the request. Reload the page and try again.");
  }
  return ownProblem(
    "no_reply",
    action === "send"
      ? "Aha! had no reply within 60 seconds. The send may still be running: press “Refresh” in a minute."
      : "Aha! had no reply within 60 seconds. Press “Refresh” to ask again.",
  );
}

export function waitSeconds(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

function clearField(field: string): void {
  void aha.account.clearExtensionField(EXTENSION_ID, field).catch(() => undefined);
}

/** Null also if Aha! did not answer: the next read may succeed. */
async function readField(field: string): Promise<unknown> {
  try {
    return (await aha.account.getExtensionField(EXTENSION_ID, field)) ?? null;
  } catch {
    return null;
  }
}

/** Unique among the requests of all tabs and browsers. */
function makeRequestId(): string {
  const random = crypto.getRandomValues(new Uint32Array(3));
  return [Date.now(), ...random].map((number) => number.toString(36)).join("-");
}
