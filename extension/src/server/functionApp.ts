/** The only module that knows the function key and calls `fetch`. It runs on Aha!'s servers. */

import type { Action, Reply, Request } from "../request.ts";
import { readConfiguration } from "../settings.ts";

/** How long one call may take, in seconds. Aha! does not document how long a handler may run. */
const WAIT_SECONDS = 20;

const METHODS: Readonly<Record<Action, string>> = { read: "GET", send: "POST", check: "POST" };

/** Calls the function app. Never throws: a failure is a reply, too. */
export async function callFunctionApp(
  request: Request,
  settings: Readonly<Record<string, unknown>>,
): Promise<Reply> {
  const configuration = readConfiguration(settings, request.reference);
  const key = readKey(settings["functionKey"]);
  if (configuration.kind === "not_configured" || key === "") {
    const faults = configuration.kind === "not_configured" ? configuration.faults : [];
    return {
      kind: "not_configured",
      faults: key === "" ? [...faults, "The setting “Function key” is empty."] : faults,
    };
  }
  const { functionAppUrl, integrationId } = configuration;
  const query = request.action === "check" ? "?dry_run=true" : "";
  const path = `/api/integrations/${integrationId}/features/${request.reference.text}${query}`;
  try {
    const response = await fetch(functionAppUrl + path, {
      method: METHODS[request.action],
      headers: { accept: "application/json", prefer: `wait=${WAIT_SECONDS}`, "x-functions-key": key },
      // A redirect could carry the key to another host.
      redirect: "manual",
    });
    return {
      kind: "answer",
      status: response.status,
      retryAfter: readSeconds(response.headers.get("retry-after")),
      body: readJson(await response.text()),
    };
  } catch {
    // The error is not passed on, because its text may contain addresses.
    return { kind: "unreachable" };
  }
}

function readKey(setting: unknown): string {
  return typeof setting === "string" ? setting.trim() : "";
}

function readSeconds(header: string | null): number | null {
  return header !== null && /^[0-9]{1,6}$/.test(header.trim()) ? Number(header) : null;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
