// Asking the app to test the connection, and where its answers belong.
import { testConnection } from "./api.js";

/** What a test of Azure DevOps is asked with: what was typed, or what is stored where nothing was. */
export function azureDevOpsQuestion(state, project) {
  const target = state.draft.azure_devops;
  const isStored = !state.typed.pat && state.saved && target.account_name === state.base.azure_devops.account_name
    && target.authentication === state.base.azure_devops.authentication
    && (state.saved.azure_devops.personal_access_token_set || target.authentication === "entra");
  const asked = project ? { project } : {};
  if (isStored) return { integration_id: state.id, ...asked };
  return {
    account_name: target.account_name, authentication: target.authentication,
    ...(target.authentication === "pat" ? { personal_access_token: state.typed.pat } : {}), ...asked,
  };
}

/** What a test of Aha! is asked with. */
export function ahaQuestion(state) {
  const product = state.draft.product_id ? { product_id: state.draft.product_id } : {};
  const isStored = !state.typed.aha && state.saved?.aha.api_token_set && state.draft.aha.url === state.base.aha.url;
  if (isStored) return { aha: { integration_id: state.id, ...product } };
  return { aha: { url: state.draft.aha.url, api_token: state.typed.aha, ...product } };
}

/** Takes what a test found into the state. */
function takeAnswer(state, answer) {
  if (answer.account_name) {
    state.account = { name: answer.account_name, url: answer.account_url, projects: answer.projects };
    state.checks = answer.checks.filter((check) => check.name !== "aha");
  }
  if (answer.project) state.project = answer.project;
  if (answer.aha) state.aha = answer.aha;
  if (answer.account_name) state.changed("account");
  if (answer.project) state.changed("project");
  if (answer.aha) state.changed("aha");
}

/** A pointer into a test's body as one into the integration. */
export const inIntegration = (pointer) =>
  /^\/(account_name|personal_access_token|authentication|project)$/.test(pointer) ? `/azure_devops${pointer}`
    : pointer === "/aha/product_id" ? "/product_id" : pointer;

/** Looks at both sides of a stored integration as it is opened; the steps show what comes of it. */
export function openConnection(state) {
  const target = state.saved.azure_devops;
  if (target.account_name && (target.personal_access_token_set || target.authentication === "entra")) {
    state.dispatchEvent(new Event("look-at-azure-devops"));
  }
  if (state.saved.aha.url && state.saved.aha.api_token_set) state.dispatchEvent(new Event("look-at-aha"));
}

/** Tests a connection and takes what it found. */
export async function look(state, question) {
  try {
    takeAnswer(state, await testConnection(question));
  } catch (error) {
    // What was typed and not saved is in no integration's log.
    if (!question.integration_id && !question.aha?.integration_id) error.operationId = "";
    throw error;
  }
}

/**
 * Tests Azure DevOps. What is stored may fit no more: a project that is gone, a state that is not there. Then what there
 * is to choose from is asked for alone, so that it can be mended; the problem is thrown all the same.
 */
export async function lookAtAzureDevOps(state) {
  const { project } = state.draft.azure_devops;
  const question = azureDevOpsQuestion(state, project);
  state.checks = [];
  try {
    await look(state, question);
  } catch (error) {
    if (error.status === 422) await lookForChoices(state, question);
    throw error;
  }
}

/** What there is to choose from: in the project or, where that is gone, among the projects. */
async function lookForChoices(state, { project, ...question }) {
  const account = question.integration_id ? { ...question, choices_only: true } : question;
  for (const wanted of project ? [{ ...account, project }, account] : []) {
    try {
      await look(state, wanted);
      return;
    } catch (error) {
      if (error.code !== "azure_devops_not_found") return;
    }
  }
}

/** Tests Aha!. Where the product may be the fault, the account is asked without it. */
export async function lookAtAha(state) {
  const question = ahaQuestion(state);
  try {
    await look(state, question);
  } catch (error) {
    if (error.code === "aha_not_found" && state.draft.product_id) {
      await look(state, { aha: { ...question.aha, product_id: "" } }).catch(() => {});
    }
    throw error;
  }
}
