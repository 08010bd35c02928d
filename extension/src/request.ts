import { readReference, type Reference } from "./reference.ts";

/** `read` reads the sync state of a feature, `check` is a dry run of `send`. */
export type Action = "read" | "send" | "check";

/** What the browser asks a server handler to do. */
export interface Request {
  /** Chosen by the browser, different for each request. */
  readonly id: string;
  readonly action: Action;
  readonly reference: Reference;
}

/** A request as it is handed to `aha.triggerServer`. */
export interface RequestArguments {
  readonly requestId: string;
  readonly action: Action;
  readonly reference: string;
}

/** What the server handler leaves in the account field of a request. */
export type Reply =
  | {
      readonly kind: "answer";
      /** The HTTP status of the function app. */
      readonly status: number;
      /** In seconds. */
      readonly retryAfter: number | null;
      /** The parsed JSON; null if the function app sent none. */
      readonly body: unknown;
    }
  | { readonly kind: "unreachable" }
  | { readonly kind: "not_configured"; readonly faults: readonly string[] };

const REQUEST_ID = /^[a-z0-9-]{8,64}$/;

/** Reads the arguments of an event, which any script in Aha!'s page can send. Null if they are not a request. */
export function readRequest(args: unknown): Request | null {
  if (typeof args !== "object" || args === null) return null;
  const { requestId, action, reference: text } = args as Partial<Record<keyof RequestArguments, unknown>>;
  const reference = readReference(text);
  if (typeof requestId !== "string" || !REQUEST_ID.test(requestId) || reference === null) return null;
  if (action !== "read" && action !== "send" && action !== "check") return null;
  return { id: requestId, action, reference };
}
