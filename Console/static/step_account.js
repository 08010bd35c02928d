// Step 1: the Azure DevOps account and the token, and their test.
import { button, fill, h } from "./dom.js";
import { azureDevOpsPointer } from "./attention.js";
import { inIntegration, testAzureDevOps } from "./connection.js";
import { clearFaults, choice, field, onEnter, onEntered, showFault, showFaults, textInput } from "./fields.js";
import { lastDayFor } from "./model.js";
import { checkList, isBusy, operationLine, problemBox, withProgress } from "./progress.js";

export function accountStep(state) {
  const target = state.draft.azure_devops;
  const place = h("div", { class: "outcome" });
  const root = h("div", { class: "step-body" });
  const test = button("Test connection", () => run(state, root, place, test), "primary");
  const account = textInput(target.account_name, (text) => {
    target.account_name = text.trim();
    forget(state, place);
  });
  const lastDay = h("input", { type: "date", value: target.token_expires_on, oninput: () => {
    target.token_expires_on = lastDay.value;
    state.changed("draft");
  } });
  const token = tokenInput(state, place, lastDay);
  // Once both are entered, the test starts automatically.
  const testIfReady = () => isReady(state) && run(state, root, place, test);
  for (const input of [account, token]) {
    onEnter(input, () => run(state, root, place, test));
    onEntered(input, testIfReady);
  }
  const tokenField = field("Personal access token", token, {
    pointer: "/azure_devops/personal_access_token",
    note: state.saved?.azure_devops.personal_access_token_set ? "(stored; leave empty to keep it)" : "",
  });
  const lastDayField = field("Last day of the token", lastDay, {
    pointer: "/azure_devops/token_expires_on", note: "(optional)",
    hint: "Azure DevOps shows it when the token is created. The list of integrations warns you two weeks before.",
  });
  const identity = h("p", { class: "hint" },
    "The function app signs in as itself. Add its managed identity to the organization with Basic access and to the project.");
  const help = tokenHelp(state, account);
  const showWay = () => {
    const isToken = target.authentication === "pat";
    tokenField.hidden = help.hidden = lastDayField.hidden = !isToken;
    identity.hidden = isToken;
  };
  const way = choice(target.authentication, [
    { value: "pat", text: "Personal access token" }, { value: "entra", text: "Managed identity of the function app" },
  ], (value) => {
    target.authentication = value;
    showWay();
    forget(state, place);
  }, { empty: null });
  showWay();
  if (state.account) showAccount(state, place);
  state.on("test-azure-devops", () => run(state, root, place, test));
  return fill(root,
    field("Account", account, {
      pointer: "/azure_devops/account_name",
      hint: "The name or the URL of your Azure DevOps organization: fabrikam, or https://dev.azure.com/fabrikam.",
    }),
    field("Sign in with", way, { pointer: "/azure_devops/authentication" }),
    tokenField, help, lastDayField, identity, h("div", { class: "row" }, test), place);
}

function tokenInput(state, place, lastDay) {
  const target = state.draft.azure_devops;
  const input = h("input", {
    type: "password", autocomplete: "off", spellcheck: "false", value: state.typed.pat,
    oninput: () => {
      const wasTyped = Boolean(state.typed.pat);
      state.typed.pat = input.value.trim();
      if (wasTyped !== Boolean(state.typed.pat)) {
        target.token_expires_on = lastDay.value = lastDayFor(state.typed.pat, target.token_expires_on, state.base.azure_devops.token_expires_on);
      }
      forget(state, place);
    },
  });
  return input;
}

function tokenHelp(state, account) {
  const link = h("a", { target: "_blank", rel: "noopener noreferrer" }, "your organization's token page");
  const details = h("details", { class: "help", ontoggle: () => {
    const name = account.value.trim().replace(/^https?:\/\//, "").replace(/^dev\.azure\.com\//, "").split(/[/.]/)[0];
    link.href = `${state.account?.url ?? `https://dev.azure.com/${encodeURIComponent(name || "_")}`}/_usersSettings/tokens`;
  } },
    h("summary", {}, "How to create a token"),
    h("ol", {},
      h("li", {}, "Open ", link, " and choose ", h("i", {}, "New Token"), "."),
      h("li", {}, "Organization: this account only. Azure DevOps ends tokens for all organizations on December 1, 2026."),
      h("li", {}, "Scopes: ", h("i", {}, "Custom defined"), ", then ", h("i", {}, "Project and Team: Read"), " and ",
        h("i", {}, "Work Items: Read & write"), "."),
      h("li", {}, "Copy the token, and write down its last day. After that day, nothing is sent until you save a new token here.")));
  return details;
}

/** Forgets the results of the last test, because a value was changed. */
function forget(state, place) {
  state.versions.azure_devops += 1;
  state.account = null;
  state.checks = [];
  state.refused.azure_devops = null;
  fill(place);
  clearFaults(place.parentElement);
  state.changed("draft");
}

const isReady = (state) =>
  state.draft.azure_devops.account_name && state.typed.pat && !state.account && !state.refused.azure_devops;

async function run(state, root, place, test) {
  if (isBusy(test)) return;
  const version = state.versions.azure_devops;
  clearFaults(root);
  state.refused.azure_devops = null;
  const again = () => run(state, root, place, test);
  await withProgress(place, "Asking Azure DevOps…", () => testAzureDevOps(state), {
    buttons: [test], failed: (error) => failedTest(state, root, place, error, again),
  });
  if (state.account && !place.childElementCount && !root.querySelector("[aria-invalid]")) showAccount(state, place);
  state.changed("draft");
  if (root.isConnected && state.versions.azure_devops !== version && isReady(state)) await run(state, root, place, test);
}

function showAccount(state, place) {
  fill(place, checkList(state.checks.filter((check) => check.name === "credentials")));
}

function failedTest(state, root, place, error, again) {
  if (error.errors?.length) {
    const others = showFaults(root, error.errors.map((one) => ({ ...one, pointer: inIntegration(one.pointer) })));
    if (others.length) fill(place, problemBox(error));
    return;
  }
  const pointer = azureDevOpsPointer(error, state);
  // A value that was not found stays marked until it is found. Other problems stay until the next test.
  const isOurs = ["account_name", "authentication", "personal_access_token"].some((one) => pointer === `/azure_devops/${one}`);
  if (isOurs || !pointer) state.refused.azure_devops = { pointer: pointer ?? (state.project ? null : "/azure_devops/account_name"), error };
  if (isOurs || pointer === "/azure_devops/project") showFault(root.closest("form"), pointer, error.detail);
  if (pointer === "/azure_devops/personal_access_token") root.querySelector("details").open = true;
  if (isOurs) fill(place, operationLine(error));
  else if (!state.project && !pointer || error.status !== 422) fill(place, problemBox(error, again));
}
