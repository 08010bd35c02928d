// Step 2: the Aha! account. Once it is known, the product and the statuses are chosen from lists.
import { button, fill, h } from "./dom.js";
import { ahaPointer } from "./attention.js";
import { inIntegration, testAha } from "./connection.js";
import { clearFaults, field, onEnter, onEntered, showFault, showFaults, textInput } from "./fields.js";
import { count } from "./format.js";
import { ahaAddress } from "./model.js";
import { doneLine, isBusy, operationLine, problemBox, withProgress } from "./progress.js";

export function ahaStep(state) {
  const place = h("div", { class: "outcome" });
  const root = h("div", { class: "step-body" });
  const { aha } = state.draft;
  const test = button("Test Aha!", () => run(state, root, place, test), "primary");
  const url = textInput(aha.url, (text) => {
    aha.url = ahaAddress(text);
    forget(state, place);
  }, { inputmode: "url", placeholder: "company.aha.io", onchange: () => (url.value = aha.url) });
  const token = h("input", {
    type: "password", autocomplete: "off", spellcheck: "false", value: state.typed.aha,
    oninput: () => {
      state.typed.aha = token.value.trim();
      forget(state, place);
    },
  });
  // Once both are entered, the test starts automatically.
  const testIfReady = () => isReady(state) && run(state, root, place, test);
  for (const input of [url, token]) {
    onEnter(input, () => run(state, root, place, test));
    onEntered(input, testIfReady);
  }
  if (state.aha) showOutcome(state, place);
  state.on("test-aha", () => run(state, root, place, test));
  return fill(root,
    h("p", { class: "hint" }, "With it, you choose the product and the statuses from lists, and changes reach Aha!. Without it, the "
      + "integration only sends; you can add it later."),
    field("Address", url, { pointer: "/aha/url", hint: "The address in the browser while you are signed in to Aha!, such as company.aha.io." }),
    field("API key", token, {
      pointer: "/aha/api_token", note: state.saved?.aha.api_token_set ? "(stored; leave empty to keep it)" : "",
    }),
    h("details", { class: "help" }, h("summary", {}, "How to create an API key"), h("ol", {},
      h("li", {}, "In Aha! open ", h("i", {}, "Settings → Personal → Developer → API keys"), "."),
      h("li", {}, "Create a new key and copy it at once. Aha! shows it only once."),
      h("li", {}, "The key's user must be a contributor in the product's workspace."))),
    h("div", { class: "row" }, test), place);
}

/** Forgets the results of the last test, because a value was changed. */
function forget(state, place) {
  const wasKnown = state.aha !== null;
  state.versions.aha += 1;
  state.aha = null;
  state.refused.aha = null;
  fill(place);
  clearFaults(place.parentElement);
  state.changed("draft");
  if (wasKnown) state.changed("aha-forgotten");
}

function showOutcome(state, place) {
  const { user, products } = state.aha;
  fill(place, doneLine(`The key of ${user.name || user.email || "its user"} is accepted. It can see ${count(products.length, "product")}.`));
}

const isReady = (state) => state.draft.aha.url && state.typed.aha && !state.aha && !state.refused.aha;

async function run(state, root, place, test) {
  if (isBusy(test)) return;
  const version = state.versions.aha;
  clearFaults(root);
  const failed = (error) => failedTest(state, root, place, error, () => run(state, root, place, test));
  await withProgress(place, "Asking Aha!…", () => askAha(state), { buttons: [test], failed });
  if (state.aha && !place.childElementCount && !root.querySelector("[aria-invalid]")) showOutcome(state, place);
  state.changed("draft");
  // Another key was entered, or another product chosen, while this one was tested.
  if (root.isConnected && state.versions.aha !== version && (state.aha || isReady(state))) await run(state, root, place, test);
}

/** Tests the account, with the product if there is one. If an account has only one free product, it is tested with that product. */
async function askAha(state) {
  state.refused.aha = null;
  await testAha(state);
  if (state.draft.product_id || state.aha?.products.length !== 1) return;
  state.draft.product_id = state.aha.products[0].reference_prefix;
  await testAha(state);
}

function failedTest(state, root, place, error, again) {
  const form = root.closest("form");
  if (error.errors?.length) {
    const others = showFaults(form, error.errors.map((one) => ({ ...one, pointer: inIntegration(one.pointer) })));
    if (others.length) fill(place, problemBox(error));
    return;
  }
  const pointer = ahaPointer(error, state);
  if (pointer !== "/product_id") state.refused.aha = { pointer: pointer ?? "/aha/url", error };
  if (pointer) {
    showFault(form, pointer, error.detail);
    fill(place, pointer === "/product_id" ? null : operationLine(error));
  } else {
    fill(place, problemBox(error, again));
  }
}
