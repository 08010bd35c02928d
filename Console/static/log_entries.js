// One entry of the log: a line, and its details when it is opened.
import { button, h } from "./dom.js";
import { clock, when } from "./format.js";

const LEVELS = { info: ["off", "Info"], warning: ["open", "Warning"], error: ["bad", "Error"] };

/** A key for an entry, because entries have no id. */
export const keyOf = (entry) => [entry.time, entry.operation_id, entry.event, entry.message].join("|");

export function entryRow(entry, showOperation) {
  const [kind, word] = LEVELS[entry.level] ?? ["off", entry.level];
  const details = h("details", { ontoggle: () => {
    if (details.open && details.childElementCount === 1) details.append(body(entry, showOperation));
  } },
    h("summary", {},
      h("time", { datetime: entry.time, title: when(entry.time) }, clock(entry.time)),
      h("span", { class: `badge ${kind}` }, word),
      h("span", { class: "message" }, entry.message)));
  const isRequest = entry.event.endsWith(".request") && entry.level === "info";
  return h("li", { class: isRequest ? "entry is-request" : "entry", dataset: { key: keyOf(entry), operation: entry.operation_id } }, details);
}

function body(entry, showOperation) {
  const rows = [["event", entry.event], ["what to do", entry.remedy], ...Object.entries(entry.detail)]
    .filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("div", { class: "entry-body" },
    h("dl", { class: "facts rows" }, rows.map(([name, value]) =>
      h("div", {}, h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value))))),
    h("p", { class: "small" }, "Operation ", h("code", {}, entry.operation_id), " ",
      button("Show this operation only", () => showOperation(entry.operation_id), "quiet")));
}
