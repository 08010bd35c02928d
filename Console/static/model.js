// The draft of an integration: its differences from the stored values, and the missing values.

const mapping = () => ({ work_item_type: "", status_mapping: {}, default_fields: {} });

export const blank = () => ({
  name: "", product_id: "", enabled: false, auto_update: false,
  azure_devops: { account_name: "", authentication: "pat", token_expires_on: "", project: "", area_path: "" },
  aha: { url: "", link_back: "feature" }, feature: mapping(), requirement: mapping(),
});

/** The part of an answer that a person edits. */
export function draftOf(answer) {
  const { account_name, authentication, token_expires_on = "", project, area_path } = answer.azure_devops;
  const { url, link_back, integration_id } = answer.aha;
  return structuredClone({
    name: answer.name, product_id: answer.product_id, enabled: answer.enabled, auto_update: answer.auto_update,
    azure_devops: { account_name, authentication, token_expires_on, project, area_path },
    aha: { url, link_back, integration_id }, feature: answer.feature, requirement: answer.requirement,
  });
}

/** The body of a PUT: the draft with the tokens that were typed. */
export function bodyOf(draft, typed) {
  const body = structuredClone(draft);
  if (typed.pat) body.azure_devops.personal_access_token = typed.pat;
  if (typed.aha) body.aha.api_token = typed.aha;
  return body;
}

/** The last day in a draft after a token was typed or removed: the new token does not have the stored token's day. */
export function lastDayFor(typed, lastDay, storedLastDay) {
  if (typed) return lastDay === storedLastDay ? "" : lastDay;
  return lastDay || storedLastDay;
}

/** Every value of a draft by its JSON pointer, without empty values. */
export function flat(value, pointer = "", found = new Map()) {
  if (value !== null && typeof value === "object") {
    for (const [key, inner] of Object.entries(value)) flat(inner, `${pointer}/${escapePointer(key)}`, found);
  } else if (value !== "" && value !== null && value !== undefined) {
    found.set(pointer, value);
  }
  return found;
}

export const escapePointer = (key) => key.replaceAll("~", "~0").replaceAll("/", "~1");
const unescapePointer = (key) => key.replaceAll("~1", "/").replaceAll("~0", "~");

/** The pointers at which two drafts differ. */
export function differences(one, other) {
  const [here, there] = [flat(one), flat(other)];
  return [...new Set([...here.keys(), ...there.keys()])].filter((pointer) => here.get(pointer) !== there.get(pointer));
}

/** Sets the value at a pointer. undefined removes an entry of a mapping and empties any other value. */
export function assign(draft, pointer, value) {
  const keys = pointer.split("/").slice(1).map(unescapePointer);
  const last = keys.pop();
  const parent = keys.reduce((inner, key) => inner[key], draft);
  if (value === undefined && keys.length === 2) delete parent[last];
  else parent[last] = value ?? (["enabled", "auto_update"].includes(last) ? false : "");
}

/** The values that somebody else changed since `base` and that differ here. `isConflict`: changed here too. */
export function compare(base, theirs, mine) {
  const [stored, ours] = [flat(theirs), flat(mine)];
  const byMe = new Set(differences(base, mine));
  return differences(base, theirs)
    .map((pointer) => ({ pointer, theirs: stored.get(pointer), mine: ours.get(pointer), isConflict: byMe.has(pointer) }))
    .filter((one) => one.theirs !== one.mine);
}

const LABELS = {
  "/name": "Name", "/product_id": "Product", "/enabled": "Enabled", "/azure_devops/account_name": "Azure DevOps account",
  "/azure_devops/authentication": "Way to sign in", "/azure_devops/project": "Project", "/azure_devops/area_path": "Area",
  "/azure_devops/personal_access_token": "Azure DevOps token", "/azure_devops/token_expires_on": "Last day of the Azure DevOps token",
  "/aha/url": "Aha! address", "/aha/api_token": "Aha! API key",
  "/aha/link_back": "Records in Aha! that get a link to their work item", "/aha/integration_id": "Integration in Aha! that gets the links",
  "/auto_update": "Send changes in Aha! automatically",
  "/feature/work_item_type": "Type of features", "/feature/description_field": "Field for the description of features",
  "/requirement/work_item_type": "Type of requirements", "/requirement/description_field": "Field for the description of requirements",
};

/** The name of the value at a pointer for people. */
export function labelOf(pointer) {
  if (LABELS[pointer]) return LABELS[pointer];
  const [, kind, part, key] = pointer.split("/").map(unescapePointer);
  const whose = kind === "feature" ? "features" : "requirements";
  return part === "status_mapping" ? `Status for ${key} (${whose})` : `Default of ${key} (${whose})`;
}

/** What is missing before the integration can send: {pointer, words}, in the order of the form. */
export function missing(state) {
  const { draft, saved, typed } = state;
  const target = draft.azure_devops;
  const hasToken = target.authentication === "entra" || typed.pat || saved?.azure_devops.personal_access_token_set;
  return [
    ["/azure_devops/account_name", "the Azure DevOps account", target.account_name],
    ["/azure_devops/personal_access_token", "the Azure DevOps token", hasToken],
    ["/product_id", "the Aha! product", draft.product_id],
    ["/azure_devops/project", "the project", target.project],
    ["/azure_devops/area_path", "the area", target.area_path],
    ["/feature/work_item_type", "the type of features", draft.feature.work_item_type],
    ["/requirement/work_item_type", "the type of requirements", draft.requirement.work_item_type],
    ["/name", "the name", draft.name],
  ].filter(([, , present]) => !present).map(([pointer, words]) => ({ pointer, words }));
}

/** An id made of a name: a-z, 0-9 and -. A number is added if another integration has the id. */
export function idFrom(name, others = []) {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+/, "");
  const cut = (length) => plain.slice(0, length).replace(/-+$/, "");
  if (!cut(64) || isFree(cut(64), others)) return cut(64);
  for (let number = 2; ; number += 1) {
    const id = `${cut(60)}-${number}`;
    if (isFree(id, others)) return id;
  }
}

export const isFree = (id, others) => !others.some((one) => one.integration_id === id);

/** The account's address from a typed text: the scheme is added, and the path of a copied page is removed. */
export function ahaAddress(text) {
  const typed = text.trim();
  const isLocal = /^(localhost|127\.0\.0\.1)(:|\/|$)/i.test(typed); // The sandbox Aha!.
  const address = /^[a-z]+:\/\//i.test(typed) ? typed : `${isLocal ? "http" : "https"}://${typed}`;
  if (!/[.:]/.test(typed) || !URL.canParse(address)) return typed;
  const { origin } = new URL(address);
  return origin === "null" ? typed : origin;
}

/** The integration that has a product; `names` are the product's id and prefix. */
export const ownerOf = (names, others) => {
  const wanted = names.filter(Boolean).map((name) => name.toLowerCase());
  return others.find((one) => wanted.includes(one.product_id.toLowerCase()));
};

/** The product of a draft, if the account's products are known. */
export const productOf = (state) =>
  state.aha?.products.find((one) => [one.id, one.reference_prefix.toUpperCase()].includes(state.draft.product_id.toUpperCase()));

/** The integration that has the product of this draft. */
export function ownerOfDraft(state) {
  const product = productOf(state);
  return ownerOf([state.draft.product_id, product?.id, product?.reference_prefix], state.others);
}

/** The address to which the features of a stored integration are sent. */
export function sendAddress(saved) {
  const api = saved.webhook_url.slice(0, saved.webhook_url.indexOf("/webhooks/"));
  return `${api}/integrations/${encodeURIComponent(saved.integration_id)}/features`;
}
