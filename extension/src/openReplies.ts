/**
 * Remembers in this browser which account fields wait for a reply. A tab that is closed meanwhile never takes its
 * reply; the next one that opens clears that field.
 */

import { EXTENSION_ID } from "./identifiers.ts";

const KEY = `${EXTENSION_ID}.openReplies`;
/** No tab waits for an older reply. */
const ABANDONED_MILLISECONDS = 180_000;
const MOST_FIELDS = 100;

/** The names of the fields with the time of their request, in milliseconds. */
type OpenReplies = Record<string, number>;

export function rememberField(field: string, now: number): void {
  write({ ...read(), [field]: now });
}

export function forgetField(field: string): void {
  const { [field]: _, ...others } = read();
  write(others);
}

/** Removes and returns the fields that no tab waits for. */
export function takeAbandonedFields(now: number): string[] {
  const open = Object.entries(read());
  const abandoned = open.filter(([, time]) => now - time > ABANDONED_MILLISECONDS);
  if (abandoned.length > 0) write(Object.fromEntries(open.filter((entry) => !abandoned.includes(entry))));
  return abandoned.map(([field]) => field);
}

function read(): OpenReplies {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const entries = Object.entries(typeof kept === "object" && kept !== null ? kept : {});
    return Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"));
  } catch {
    // A browser can refuse to store anything. Then a reply may stay in its field.
    return {};
  }
}

function write(open: OpenReplies): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(Object.entries(open).slice(-MOST_FIELDS))));
  } catch {
    // As above.
  }
}
