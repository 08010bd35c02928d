// The errors of the last day, above the log, with a link to where they are corrected.
import { button, fill, h } from "./dom.js";
import { count } from "./format.js";
import { entryRow } from "./log_entries.js";

const MOST_AT_FIRST = 3;

/** The errors without those that another error of the same operation repeats. */
export const distinctErrors = (entries) => entries.filter((entry) => !entries.some((other) => other !== entry
  && other.operation_id === entry.operation_id && other.message !== entry.message && other.message.endsWith(entry.message)));

/** The panel; null if there are no errors. */
export function errorsPanel(entries, id, showOperation) {
  if (!entries.length) return null;
  const list = h("ol", { class: "entries", "aria-labelledby": "errors-title" });
  const show = (some) => fill(list, some.map((entry) => entryRow(entry, showOperation)));
  const rest = entries.length - MOST_AT_FIRST;
  const more = button(`Show ${count(rest, "older error")}`, () => {
    show(entries);
    list.children[MOST_AT_FIRST].querySelector("summary").focus();
    more.remove();
  });
  show(entries.slice(0, MOST_AT_FIRST));
  return h("section", { class: "panel bad-panel", "aria-labelledby": "errors-title" },
    h("h2", { id: "errors-title" }, `${count(entries.length, "error")} in the last day`),
    list, rest > 0 ? more : null,
    h("p", { class: "small" }, "Each error says what to do. ", h("a", { href: `#/i/${encodeURIComponent(id)}` }, "Set up"),
      " tests the connection again and shows what needs to be corrected there."));
}
