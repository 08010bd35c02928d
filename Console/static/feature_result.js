// The result of a check or a send for a record: conflicts, files and errors.
import { h, outwardLink } from "./dom.js";
import { actionWords, countsOf, recordsOf, titleOf } from "./feature_words.js";
import { count } from "./format.js";
import { logAddress } from "./log_links.js";

export const badge = ([kind, words]) => h("span", { class: `badge ${kind}` }, words);

/** The lines below a record. */
export function resultLines(record, isDryRun) {
  return [
    record.error ? h("p", { class: "fault" }, record.error.detail) : null,
    record.conflicts.map((one) => h("p", { class: "small" },
      `The ${one.field} was changed on both sides. The value of ${one.kept === "aha" ? "Aha!" : "Azure DevOps"} `
        + `${isDryRun ? "would be" : "was"} kept; revision ${one.overwritten_rev} has the other one.`)),
    ["uploaded", "pending"].map((action) => fileLine(record.attachments.filter((one) => one.action === action), action, isDryRun)),
    record.attachments.filter((one) => one.error).map((one) => h("p", { class: "fault" }, `File ${one.file_name}: ${one.error.detail}`)),
  ];
}

const fileLine = (files, action, isDryRun) => (files.length
  ? h("p", { class: "small" }, `${actionWords(action, isDryRun)[1]}: ${files.map((one) => one.file_name).join(", ")}`) : null);

/** The result of a check or a send as a whole. */
export function resultSummary(result, isDryRun, id) {
  return h("div", { class: result.status === "succeeded" ? "summary" : "summary is-open" },
    h("p", {}, h("strong", {}, titleOf(result, isDryRun)), ". ", countsOf(result, isDryRun), isDryRun ? " Nothing was written." : ""),
    h("p", { class: "small" }, `${result.duration_ms} ms, ${count(result.azure_devops_requests, "request")} to Azure DevOps. The `,
      h("a", { href: logAddress(id, { operation_id: result.operation_id }) }, "log"), " has every step."));
}

/** Every record of a result without other data. */
export function resultList(result, isDryRun) {
  return h("ul", { class: "records" }, recordsOf(result).map((record, index) => h("li", { class: index ? "record is-requirement" : "record" },
    h("p", { class: "record-head" }, h("strong", {}, record.reference_num || record.id), " ", badge(actionWords(record.action, isDryRun)), " ",
      record.work_item ? outwardLink(record.work_item.url, `${record.work_item.type} ${record.work_item.id}`) : null),
    resultLines(record, isDryRun))));
}
