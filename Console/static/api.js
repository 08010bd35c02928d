// The app's HTTP API, as this page uses it.
import { askForKey, storedKey } from "./key.js";

const BASE = new URL("../", import.meta.url);
const LONGEST_MILLISECONDS = 240_000;

/** A failed request, with or without an answer, in words for a person. */
export class Problem extends Error {
  constructor({ status = 0, code = "", title = "The request failed", detail = "", errors = [], operation_id: operationId = "", retryAfter = 0 }) {
    super(detail || title);
    Object.assign(this, { status, code, title, detail, errors, operationId, retryAfter });
  }
}

/** Sends a request with the function key. Asks for the key if it is missing or refused. Throws Problem. */
export async function call(method, path, { body, headers = {}, signal } = {}) {
  for (let isRefused = false; ; isRefused = true) {
    const key = isRefused || !storedKey() ? await askForKey(isRefused) : storedKey();
    const response = await send(method, path, key, body, headers, signal);
    if (response.status === 401) continue;
    const text = await response.text().catch(() => "");
    const answer = parsed(text);
    const retryAfter = Number(response.headers.get("retry-after")) || 0;
    if (response.ok) {
      return { status: response.status, body: answer, etag: response.headers.get("etag"), retryAfter };
    }
    throw new Problem({ ...describe(response.status), ...(answer ?? {}), status: response.status, retryAfter });
  }
}

async function send(method, path, key, body, headers = {}, signal = undefined) {
  const limit = AbortSignal.timeout(LONGEST_MILLISECONDS);
  try {
    return await fetch(new URL(path, BASE), {
      method,
      headers: {
        "x-functions-key": key,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({
      code: "not_reached",
      title: "The function app could not be reached",
      detail: "Check your network connection and that the app runs, then try again. Your input is kept.",
    });
  }
}

function describe(status) {
  if (status === 404) return { title: "Not found", detail: "The function app does not know this address." };
  return { title: "The request failed", detail: `The function app answered ${status}. Try again in a moment.` };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether a key opens SendFeature, and whether it opens other functions, too. Throws Problem. */
export async function keyOpens(id, key) {
  const [features, integrations] = await Promise.all([
    send("GET", `${of(id)}/features?limit=1`, key), send("GET", "integrations", key),
  ]);
  return { sendFeature: features.status !== 401, others: integrations.status !== 401 };
}

const of = (id) => `integrations/${encodeURIComponent(id)}`;

export const listIntegrations = async () => (await readList()).integrations;

/** All integrations, and those that cannot be read. */
export async function readList() {
  const { integrations, unreadable = [] } = (await call("GET", "integrations")).body;
  return { integrations, unreadable };
}
export const getIntegration = (id) => call("GET", of(id));
export const putIntegration = (id, body, etag) =>
  call("PUT", of(id), { body, headers: etag ? { "if-match": etag } : {} });
export const deleteIntegration = (id, etag) => call("DELETE", of(id), { headers: { "if-match": etag } });
export const testConnection = async (body, signal) => (await call("POST", "test-connection", { body, signal })).body;
export const readLog = async (id, query, signal) =>
  (await call("GET", `${of(id)}/log?${new URLSearchParams(query)}`, { signal })).body;
export const hookStatus = async (id) => (await call("GET", `${of(id)}/service-hook`)).body;
export const createHook = async (id) => (await call("POST", `${of(id)}/service-hook`)).body;
export const deleteHook = (id) => call("DELETE", `${of(id)}/service-hook`);
const feature = (id, reference) => `${of(id)}/features/${encodeURIComponent(reference)}`;
const features = async (id, query, signal) =>
  (await call("GET", `${of(id)}/features?${new URLSearchParams(query)}`, { signal })).body;
export const searchFeatures = (id, search, signal) => features(id, { search, limit: 20 }, signal);
export const linkedFeatures = (id, query, signal) => features(id, query, signal);
export const syncStateOf = async (id, reference, signal) => (await call("GET", feature(id, reference), { signal })).body;
export const checkReference = async (id, reference, signal) =>
  (await call("POST", `${feature(id, reference)}?dry_run=true`, { signal })).body;
export const sendReference = (id, reference, seconds, signal) =>
  call("POST", feature(id, reference), { headers: { prefer: `wait=${seconds}` }, signal });
export const linkTo = async (id, reference, workItemId) =>
  (await call("PUT", feature(id, reference), { body: { work_item_id: workItemId } })).body;
export const unlink = (id, reference) => call("DELETE", feature(id, reference));
export const sendFeature = (id, text, isDryRun) =>
  call("POST", `${of(id)}/features${isDryRun ? "?dry_run=true" : ""}`, { body: text });
