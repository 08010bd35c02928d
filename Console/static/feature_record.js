// One record of a feature: its sync state, its result in a check or a send, and its link.
import { h, outwardLink } from "./dom.js";
import { linkAction } from "./feature_link.js";
import { badge, resultLines } from "./feature_result.js";
import { actionWords, differenceWords } from "./feature_words.js";
import { ago, when } from "./format.js";
import { logAddress } from "./log_links.js";

export const nameOf = (record) => record.reference_num || record.id;

/** `sent` is the record's part of a check or of a send, if there was one since. */
export function recordRow(panel, record, index) {
  const { result, isDryRun } = panel;
  const sent = result?.records.get(record.id);
  const [kind, words, meaning] = differenceWords(record.difference);
  const isFromCheck = sent && (isDryRun || ["failed", "pending"].includes(sent.action));
  const link = linkAction(panel, record, index);
  return h("li", { class: index ? "record is-requirement" : "record" },
    h("div", { class: "record-head" },
      h("h3", { title: record.name }, nameOf(record), " ", h("bdi", { class: "record-name" }, record.name)),
      badge(isFromCheck ? actionWords(sent.action, isDryRun) : [kind, words])),
    facts(record, link.open),
    !isFromCheck && meaning ? h("p", { class: "small" }, meaning) : null,
    sent ? resultLines(sent, isDryRun) : lastError(record, panel.state.id),
    link.place);
}

function facts(record, action) {
  const item = record.work_item;
  return h("p", { class: "record-facts" },
    item ? outwardLink(item.url, `${item.type} ${item.id}`) : null,
    item?.state ? h("span", {}, "State ", h("strong", {}, item.state)) : null,
    record.last_sent_at ? h("span", {}, "Sent ", moment(record.last_sent_at)) : null,
    record.last_received_at ? h("span", {}, "Change from Azure DevOps ", moment(record.last_received_at)) : null,
    action);
}

/** Why the last send or notification failed. The app's message says what to do. */
export const lastError = ({ last_error: error }, id) => (error
  ? h("p", { class: "fault" }, h("strong", {}, "Error "), moment(error.time), `: ${error.detail} `,
    h("a", { href: logAddress(id, { operation_id: error.operation_id }) }, "See the log")) : null);

export const moment = (text) => h("time", { datetime: text, title: when(text) }, ago(text));
