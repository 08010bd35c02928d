// The texts for a feature's sync state, a check and a send.
import { count } from "./format.js";

const DIFFERENCES = {
  none: ["good", "Up to date", ""],
  aha: ["open", "Changed in Aha!", ""],
  azure_devops: ["open", "Changed in Azure DevOps", "The change has not reached Aha! yet. A send does not overwrite it."],
  both: ["open", "Changed on both sides", "A send keeps the text of Aha!. The other text stays in the work item's history."],
  not_sent: ["off", "Not sent", ""],
  gone: ["bad", "Work item deleted", "Restore it from the recycle bin of Azure DevOps, or send the feature to create a new work item."],
  unreadable: ["bad", "Work item not readable", "It may be in an area or a project that the token's user cannot see. Give the user access, or unlink "
    + "it. A send does not create another one."],
};
const DONE = {
  created: ["good", "Created"], updated: ["good", "Updated"], unchanged: ["off", "Unchanged"], uploaded: ["good", "Uploaded"],
  failed: ["bad", "Not sent"], pending: ["open", "Not done yet"],
};
const PLANNED = {
  created: ["good", "Would be created"], updated: ["good", "Would be updated"], unchanged: ["off", "Would not change"],
  uploaded: ["good", "Would be uploaded"], failed: ["bad", "Would not be sent"], pending: ["open", "Not checked"],
};
const TITLES = {
  succeeded: ["Everything was sent", "Everything can be sent"],
  partial: ["Not everything was sent", "Not everything can be sent"],
  in_progress: ["The send has not finished", "Not everything could be checked in time"],
};

/** The sync state of a record: [kind of badge, words, meaning]. */
export const differenceWords = (difference) => DIFFERENCES[difference] ?? ["open", difference, ""];

/** What was done, or would be: [kind of badge, words]. */
export const actionWords = (action, isDryRun) => (isDryRun ? PLANNED : DONE)[action] ?? ["open", action];

export function titleOf(result, isDryRun) {
  const parts = recordsOf(result).flatMap((record) => [record, ...record.attachments]);
  if (isDryRun && parts.every((one) => one.action === "unchanged")) return "A send would change nothing";
  return TITLES[result.status][isDryRun ? 1 : 0];
}

export const recordsOf = ({ feature, requirements }) => [feature, ...requirements];

/** “3 records: 1 created, 2 unchanged”. */
export function countsOf(result, isDryRun) {
  const records = recordsOf(result);
  const of = (action) => records.filter((one) => one.action === action).length;
  const parts = Object.keys(isDryRun ? PLANNED : DONE).filter(of).map((action) => `${of(action)} ${actionWords(action, isDryRun)[1].toLowerCase()}`);
  const files = records.flatMap((one) => one.attachments).filter((one) => one.action === "failed").length;
  if (files) parts.push(`${count(files, "file")} ${actionWords("failed", isDryRun)[1].toLowerCase()}`);
  return `${count(records.length, "record")}: ${parts.join(", ")}.`;
}

/** One sentence on a feature with its requirements. */
export function syncStateSentence(syncState) {
  const records = recordsOf(syncState);
  if (records.every((one) => one.difference === "not_sent")) return "Not sent to Azure DevOps yet.";
  const open = records.filter((one) => one.difference !== "none").length;
  return open ? `Sent. ${count(open, "record is", "records are")} not up to date.` : "Sent. Everything is up to date.";
}
