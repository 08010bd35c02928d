// Test the connection, and put the results into the state.
import { testConnection } from "./api.js";

/** The body of a test of Azure DevOps: with what was typed, else with the stored credentials. */
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

/** The body of a test of Aha!. */
export function ahaQuestion(state) {
  const product = state.draft.product_id ? { product_id: state.draft.product_id } : {};
  const isStored = !state.typed.aha && state.saved?.aha.api_token_set && state.draft.aha.url === state.base.aha.url;
  if (isStored) return { aha: { integration_id: state.id, ...product } };
  return { aha: { url: state.draft.aha.url, api_token: state.typed.aha, ...product } };
}

/** Puts the results of a test into the state. */
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

/** A pointer into a test's body, as a pointer into the integration. */
export const inIntegration = (pointer) =>
  /^\/(account_name|personal_access_token|authentication|project)$/.test(pointer) ? `/azure_devops${pointer}`
    : pointer === "/aha/product_id" ? "/product_id" : pointer;

/** Tests both sides of a stored integration when it is opened. The steps show the results. */
export function openConnection(state) {
  const target = state.saved.azure_devops;
  if (target.account_name && (target.personal_access_token_set || target.authentication === "entra")) {
    state.dispatchEvent(new Event("test-azure-devops"));
  }
  if (state.saved.aha.url && state.saved.aha.api_token_set) state.dispatchEvent(new Event("test-aha"));
}

/** Tests a connection and puts the results into the state. */
export async function runTest(state, question) {
  const side = question.aha ? "aha" : "azure_devops";
  const version = state.versions[side];
  // Another token was entered, or the draft was saved or discarded, so this answer is outdated.
  const mustBeCurrent = () => {
    if (state.versions[side] !== version) throw new DOMException("The tested values were replaced", "AbortError");
  };
  try {
    const answer = await testConnection(question);
    mustBeCurrent();
    takeAnswer(state, answer);
  } catch (error) {
    mustBeCurrent();
    // A test of unsaved credentials is in no log.
    if (!question.integration_id && !question.aha?.integration_id) error.operationId = "";
    throw error;
  }
}

/**
 * Tests Azure DevOps. If a stored value no longer exists, such as the project or a state, this also reads the choices,
 * so that a person can correct the value. The problem is still thrown.
 */
export async function testAzureDevOps(state) {
  const { project } = state.draft.azure_devops;
  const question = azureDevOpsQuestion(state, project);
  state.checks = [];
  try {
    await runTest(state, question);
  } catch (error) {
    if (error.status === 422) await readChoices(state, question);
    throw error;
  }
}

/** Reads the choices in the project or, if it no longer exists, only the projects. */
async function readChoices(state, { project, ...question }) {
  const account = question.integration_id ? { ...question, choices_only: true } : question;
  for (const wanted of project ? [{ ...account, project }, account] : []) {
    try {
      await runTest(state, wanted);
      return;
    } catch (error) {
      if (error.code !== "azure_devops_not_found") return;
    }
  }
}

/** Tests Aha!. If the product was not found, tests the account without it too. */
export async function testAha(state) {
  const question = ahaQuestion(state);
  try {
    await runTest(state, question);
  } catch (error) {
    if (error.code === "aha_not_found" && state.draft.product_id) {
      await runTest(state, { aha: { ...question.aha, product_id: "" } }).catch(() => {});
    }
    throw error;
  }
}
