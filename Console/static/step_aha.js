// Step 5: the Aha! account and the product. Once they are known, statuses are chosen from a list.
import { button, fill, goTo, h, keepingFocus } from "./dom.js";
import { ahaPointer } from "./attention.js";
import { inIntegration, lookAtAha } from "./connection.js";
import { choice, clearFaults, field, onEnter, showFault, showFaults, textInput } from "./fields.js";
import { count } from "./format.js";
import { linkBackField } from "./link_back.js";
import { doneLine, isBusy, operationLine, problemBox, withProgress } from "./progress.js";

export function ahaStep(state) {
  const place = h("div", { class: "outcome" });
  const productPlace = h("div", {});
  const root = h("div", { class: "step-body" });
  const { aha } = state.draft;
  const url = textInput(aha.url, (text) => {
    aha.url = text.trim();
    forget(state, place);
  }, { type: "url", inputmode: "url" });
  const token = h("input", {
    type: "password", autocomplete: "off", spellcheck: "false", value: state.typed.aha,
    oninput: () => {
      state.typed.aha = token.value.trim();
      forget(state, place);
    },
  });
  const test = button("Test Aha!", () => run(state, root, place, test));
  for (const input of [url, token]) onEnter(input, () => run(state, root, place, test));
  const showProduct = () => keepingFocus(productPlace, () => fill(productPlace, productField(state, root, place, test)));
  showProduct();
  if (state.aha) showOutcome(state, place);
  state.on("aha", showProduct);
  state.on("look-at-aha", () => run(state, root, place, test));
  return fill(root,
    h("p", { class: "hint" }, "The integration needs Aha! to bring changes back, and to list the statuses for the steps above. Without an "
      + "API key it only sends. You can add the key later."),
    field("Address", url, { pointer: "/aha/url", hint: "The address that the browser shows when you are signed in: https://company.aha.io." }),
    field("API key", token, {
      pointer: "/aha/api_token", note: state.saved?.aha.api_token_set ? "(stored; leave empty to keep it)" : "",
    }),
    h("details", { class: "help" }, h("summary", {}, "How to create an API key"), h("ol", {},
      h("li", {}, "In Aha! open ", h("i", {}, "Settings → Personal → Developer → API keys"), "."),
      h("li", {}, "Create a new key and copy it at once. Aha! shows it only once."),
      h("li", {}, "The key's user must be a contributor in the product's workspace."))),
    h("div", { class: "row" }, test), place, productPlace, linkBackField(state));
}

function productField(state, root, place, test) {
  const { draft } = state;
  const options = { pointer: "/product_id" };
  const changeTo = (value) => {
    draft.product_id = value.trim();
    state.changed("draft");
  };
  if (!state.aha) {
    return field("Product", textInput(draft.product_id, changeTo), {
      ...options, hint: "The product's prefix in Aha!, such as PROD. Test Aha! first to choose it from a list.",
    });
  }
  const byId = state.aha.products.find((product) => product.id === draft.product_id);
  const products = state.aha.products.map((product) => ({
    value: byId === product ? product.id : product.reference_prefix, text: `${product.name} (${product.reference_prefix})`,
  }));
  return [field("Product", choice(draft.product_id, products, (value) => {
    changeTo(value);
    run(state, root, place, test);
  }, { foreign: "(this key cannot see it)" }),
  { ...options, hint: "The features of this product are sent. A product can belong to one integration only." }), statusesLine(state)];
}

function forget(state, place) {
  state.aha = null;
  state.refused.aha = null;
  fill(place);
  state.changed("draft");
}

/** Says that the steps above list the product's statuses now, with links to them. */
function statusesLine(state) {
  const { feature_statuses: ofFeatures, requirement_statuses: ofRequirements } = state.aha;
  if (!ofFeatures.length) return null;
  const jump = (kind, words) => button(words, () => goTo(document.getElementById(`step-${kind}`)), "link");
  return [doneLine(`It has ${ofFeatures.length} statuses for features and ${ofRequirements.length} for requirements. The steps above `
    + "offer them now."),
  h("p", {}, "Review the statuses of ", jump("feature", "features"), " and ", jump("requirement", "requirements"), ".")];
}

function showOutcome(state, place) {
  const { user, products } = state.aha;
  fill(place, doneLine(`The key of ${user.name || user.email || "its user"} is accepted. It can see ${count(products.length, "product")}.`));
}

async function run(state, root, place, test) {
  if (isBusy(test)) return;
  clearFaults(root);
  state.refused.aha = null;
  const failed = (error) => failedTest(state, root, place, error, () => run(state, root, place, test));
  await withProgress(place, "Asking Aha!…", () => lookAtAha(state), { buttons: [test], failed });
  if (state.aha && !state.draft.product_id && state.aha.products.length === 1) {
    state.draft.product_id = state.aha.products[0].reference_prefix;
    await run(state, root, place, test);
  } else if (state.aha && !place.childElementCount && !root.querySelector("[aria-invalid]")) {
    showOutcome(state, place);
  }
  state.changed("draft");
}

function failedTest(state, root, place, error, again) {
  if (error.errors?.length) {
    const others = showFaults(root, error.errors.map((one) => ({ ...one, pointer: inIntegration(one.pointer) })));
    if (others.length) fill(place, problemBox(error));
    return;
  }
  const pointer = ahaPointer(error, state);
  if (pointer !== "/product_id") state.refused.aha = { pointer: pointer ?? "/aha/url", error };
  if (pointer) {
    showFault(root, pointer, error.detail);
    fill(place, operationLine(error));
  } else {
    fill(place, problemBox(error, again));
  }
}
