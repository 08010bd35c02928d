// The problems of an integration, each with its value: values that a test refused or that no longer exist.
import { missingDefaults } from "./default_fields.js";
import { escapePointer, labelOf, missing, productOf } from "./model.js";
import { statusesOf, statusOf, typeOf, typesOf } from "./proposals.js";

/** The pointer of the value that failed a test of Azure DevOps; null if it is not a single value. */
export function azureDevOpsPointer(error, state) {
  const { authentication } = state.draft.azure_devops;
  if (error.code === "azure_devops_credentials_rejected") {
    return `/azure_devops/${authentication === "pat" ? "personal_access_token" : "authentication"}`;
  }
  if (error.code === "azure_devops_not_found" && !state.account) return "/azure_devops/account_name";
  return error.status === 422 ? misfits(state).find((pointer) => !pointer.startsWith("/aha") && pointer !== "/product_id") ?? null : null;
}

/** The same for Aha!. */
export function ahaPointer(error, state) {
  if (["aha_credentials_rejected", "aha_forbidden"].includes(error.code)) return "/aha/api_token";
  if (error.code === "aha_not_found") return state.aha ? "/product_id" : "/aha/url";
  return null;
}

/** The problems that need attention, in the form's order: {pointer, words}. Those without a pointer are in the review. */
export function attention(state) {
  const refused = Object.values(state.refused).filter((one) => one?.error.status === 422).map((one) => one.pointer);
  const pointers = [...new Set([...refused, ...misfits(state)])];
  return pointers.map((pointer) => ({ pointer, words: pointer ? labelOf(pointer) : "a value that Azure DevOps would refuse" }));
}

/** What is missing before an integration can be enabled: {pointer, words}. */
export const lacks = (state) => [...missing(state), ...missingDefaults(state, "feature"), ...missingDefaults(state, "requirement")];

/** The pointers of the values that were not found in Azure DevOps or in Aha!. */
function misfits(state) {
  const { azure_devops: target, product_id: product } = state.draft;
  const found = [];
  const { account, project, aha } = state;
  if (aha && product && !aha.feature_statuses.length && !productOf(state)) found.push("/product_id");
  if (account && target.project && !account.projects.some((one) => isNamed(one, target.project))) found.push("/azure_devops/project");
  if (project && target.area_path && !project.areas.some((path) => path.toLowerCase() === target.area_path.toLowerCase())) {
    found.push("/azure_devops/area_path");
  }
  for (const kind of ["feature", "requirement"]) found.push(...misfitsOf(state, kind));
  return found;
}

const isNamed = (project, wanted) =>
  project.id === wanted || project.name.toLowerCase() === wanted.toLowerCase();

function misfitsOf(state, kind) {
  const { work_item_type: name, status_mapping: mapping } = state.draft[kind];
  const type = typeOf(state, kind);
  if (name && typesOf(state).length && !type) return [`/${kind}/work_item_type`];
  const statuses = statusesOf(state, kind);
  const isFit = ([state, status]) => (!type || type.states.some((one) => one.name === state))
    && (!statuses.length || statusOf(status, statuses));
  const states = Object.entries(mapping).filter((entry) => !isFit(entry)).map(([state]) => `/${kind}/status_mapping/${escapePointer(state)}`);
  return [...states, ...missingDefaults(state, kind).map((one) => one.pointer)];
}

/** The step of the form in which the value of a pointer is edited. */
export function stepOf(pointer) {
  if (pointer === "/product_id") return "product";
  if (!pointer || !/^\/(azure_devops|feature|requirement)\/|^\/aha\/(url|api_token)$/.test(pointer)) return "review";
  if (/^\/azure_devops\/(project|area_path)$/.test(pointer)) return "project";
  if (pointer.startsWith("/azure_devops")) return "account";
  return /^\/(feature|requirement)\//.test(pointer) ? pointer.split("/")[1] : "aha";
}
