// Convert a search text to conditions of the API, and conditions to a search text. No input or output.

const RECORD = /^([a-z][a-z0-9]*(-[a-z]{1,2})?-\d+(-\d+)?|\d{11,30})$/i;
const WORK_ITEM = /^#?0*([1-9]\d{0,9})$/;
const OPERATION = /^[0-9a-f]{32}$/i;
const LEVEL_WORDS = { error: "errors", warning: "warnings", info: "information" };

export const NAMES = ["reference", "work_item_id", "operation_id", "text", "event", "level"];

/** The conditions in a typed text: a record, a work item's number, an operation's id; other and quoted words are text. */
export function conditionsOf(typed) {
  const found = {};
  const words = [];
  for (const [, quoted, word] of typed.matchAll(/["“”]([^"“”]*)["“”]|(\S+)/g)) {
    const [name, value] = quoted === undefined ? conditionOf(word) : ["", quoted.trim()];
    if (name && !found[name]) found[name] = value;
    else if (value) words.push(quoted ?? word);
  }
  if (words.length) found.text = words.join(" ");
  return found;
}

function conditionOf(word) {
  if (RECORD.test(word)) return ["reference", word];
  if (OPERATION.test(word)) return ["operation_id", word.toLowerCase()];
  const [, number] = WORK_ITEM.exec(word) ?? [];
  return number ? ["work_item_id", number] : ["", word];
}

/** What to type for these conditions. */
export function typedFor({ reference, work_item_id: workItem, operation_id: operation, text }) {
  const isPlain = text && conditionsOf(text).text === text;
  return [reference, workItem && `#${workItem}`, operation, text && (isPlain ? text : `"${text}"`)].filter(Boolean).join(" ");
}

/** Conditions in words, to follow “12 operations”. */
export function inWords({ reference, work_item_id: workItem, operation_id: operation, text, event, level }) {
  return [
    reference && `about ${reference}`, workItem && `about work item ${workItem}`, operation && "with this id",
    text && `with “${text}” in a message`, event && `with ${event}`, level && `with ${LEVEL_WORDS[level]}`,
  ].filter(Boolean).join(", ");
}
