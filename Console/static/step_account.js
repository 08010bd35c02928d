// Step 1: the Azure DevOps account, the token, and whether they work.
import { button, fill, h } from "./dom.js";
import { inIntegration, lookAtAzureDevOps, pointerOf } from "./connection.js";
import { clearFaults, choice, field, showFault, showFaults, textInput } from "./fields.js";
import { checkList, isBusy, problemBox, withProgress } from "./progress.js";

export function accountStep(state) {
  const target = state.draft.azure_devops;
  const place = h("div", { class: "outcome" });
  const root = h("div", { class: "step-body" });
  const test = button("Test connection", () => run(state, root, place, test), "primary");
  const account = textInput(target.account_name, (text) => {
    target.account_name = text.trim();
    forget(state, place);
  });
  const token = field("Personal access token", tokenInput(state, place), {
    pointer: "/azure_devops/personal_access_token",
    note: state.saved?.azure_devops.personal_access_token_set ? "(stored; leave empty to keep it)" : "",
  });
  const identity = h("p", { class: "hint" },
    "The function app signs in as itself. Add its managed identity to the organization with Basic access and to the project.");
  const help = tokenHelp(account);
  const showWay = () => {
    const isToken = target.authentication === "pat";
    token.hidden = help.hidden = !isToken;
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
  state.on("look-at-azure-devops", () => run(state, root, place, test));
  return fill(root,
    field("Account", account, {
      pointer: "/azure_devops/account_name",
      hint: "The organization's name or its address: fabrikam, or https://dev.azure.com/fabrikam.",
    }),
    field("Sign in with", way, { pointer: "/azure_devops/authentication" }),
    token, help, identity, h("div", { class: "row" }, test), place);
}

function tokenInput(state, place) {
  const input = h("input", {
    type: "password", autocomplete: "off", spellcheck: "false", value: state.typed.pat,
    oninput: () => {
      state.typed.pat = input.value.trim();
      forget(state, place);
    },
  });
  return input;
}

function tokenHelp(account) {
  const link = h("a", { target: "_blank", rel: "noopener noreferrer" }, "your organization's page of tokens");
  const details = h("details", { class: "help", ontoggle: () => {
    const name = account.value.trim().replace(/^https?:\/\//, "").replace(/^dev\.azure\.com\//, "").split(/[/.]/)[0];
    link.href = `https://dev.azure.com/${encodeURIComponent(name || "_")}/_usersSettings/tokens`;
  } },
    h("summary", {}, "How to make a token"),
    h("ol", {},
      h("li", {}, "Open ", link, " and choose ", h("i", {}, "New Token"), "."),
      h("li", {}, "Organization: this account alone."),
      h("li", {}, "Scopes: ", h("i", {}, "Custom defined"), ", then ", h("i", {}, "Project and Team: Read"), " and ",
        h("i", {}, "Work Items: Read & write"), "."),
      h("li", {}, "Note when it expires: from then on nothing is sent until a new one is saved here.")));
  return details;
}

/** What was found out holds for other values no more. */
function forget(state, place) {
  state.account = null;
  state.checks = [];
  fill(place);
  state.changed("draft");
}

async function run(state, root, place, test) {
  if (isBusy(test)) return;
  clearFaults(root);
  state.checkProblem = null;
  await withProgress(place, "Asking Azure DevOps…", () => lookAtAzureDevOps(state), {
    buttons: [test], failed: (error) => failedTest(state, root, place, error, () => run(state, root, place, test)),
  });
  if (state.account && !place.childElementCount) showAccount(state, place);
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
  const pointer = pointerOf(error, state);
  if (pointer === "/azure_devops/project" && state.account) {
    showFault(root.closest("form"), pointer, error.detail);
  } else if (!pointer && state.project) {
    // The connection is fine; what was chosen does not go with it.
    state.checkProblem = error;
    state.changed("draft");
  } else {
    if (pointer) showFault(root, pointer, "See below.");
    fill(place, problemBox(error, again));
  }
}
