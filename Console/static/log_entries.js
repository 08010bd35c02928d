// The log entries of a page that stays open. No input or output.
import { keyOf } from "./log_operations.js";

export const PAGE = 200;
const MOST_ARRIVED = 1000; // The page then starts again, because it would otherwise grow as long as it is open.

/** The state before the first read. `older` is where the next page starts, null at the end of the log. `arrived`: entries since the start. */
export const NOTHING = { entries: [], older: undefined, arrived: 0 };

/**
 * The entries with those of the newest page on top; the same object if there is none. If entries are missing between
 * the page and the known ones, or too many have arrived, only the page is kept; older entries can be read again.
 */
export function withNewest(known, page) {
  const keys = new Set(known.entries.map(keyOf));
  const added = page.entries.filter((entry) => !keys.has(keyOf(entry)));
  const arrived = known.arrived + added.length;
  if (known.older === undefined || added.length === PAGE || (added.length && arrived > MOST_ARRIVED)) {
    return { entries: page.entries, older: page.next, arrived: 0 };
  }
  return added.length ? { ...known, entries: [...added, ...known.entries], arrived } : known;
}

/** The entries with those of an older page below. */
export const withOlder = (known, page) => ({ ...known, entries: [...known.entries, ...page.entries], older: page.next });
