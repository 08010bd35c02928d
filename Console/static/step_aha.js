// Step 3: the Aha! account and the product. With its token, statuses can be chosen instead of typed.
import { button, fill, h } from "./dom.js";
import { ahaQuestion, inIntegration, look, pointerOf } from "./connection.js";
import { choice, clearFaults, field, showFault, showFaults, textInput } from "./fields.js";
import { doneLine, isBusy, problemBox, withProgress } from "./progress.js";

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
  const showProduct = () => fill(productPlace, productField(state, place));
  showProduct();
  if (state.aha) showOutcome(state, place);
  state.on("aha", () => {
    if (!productPlace.contains(document.activeElement)) showProduct();
  });
  state.on("look-at-aha", () => run(state, root, place, test));
  return fill(root,
    h("p", { class: "hint" }, "Needed to bring changes back. Without the key the integration only sends; you may add it later."),
    field("Address", url, { pointer: "/aha/url", hint: "As you see it when you are signed in: https://company.aha.io." }),
    field("API key", token, {
      pointer: "/aha/api_token", note: state.saved?.aha.api_token_set ? "(stored; leave empty to keep it)" : "",
    }),
    h("details", { class: "help" }, h("summary", {}, "How to make an API key"), h("ol", {},
      h("li", {}, "In Aha! open ", h("i", {}, "Settings → Personal → Developer → API keys"), "."),
      h("li", {}, "Make a new key and copy it at once: it is shown only then."),
      h("li", {}, "Its user must be a contributor in the product's workspace."))),
    h("div", { class: "row" }, test), place, productPlace);
}

function productField(state, place) {
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
  return field("Product", choice(draft.product_id, products, (value) => {
    changeTo(value);
    run(state, place.parentElement, place, null);
  }), { ...options, hint: "It belongs to one integration at most." });
}

function forget(state, place) {
  state.aha = null;
  fill(place);
  state.changed("draft");
}

function showOutcome(state, place) {
  const { user, products, feature_statuses: statuses } = state.aha;
  const who = user.name || user.email || "its user";
  fill(place, doneLine(`The key of ${who} is accepted. It sees ${products.length} products${
    statuses.length ? `, and the product has ${statuses.length} statuses for features` : ""}.`));
}

async function run(state, root, place, test) {
  if (test && isBusy(test)) return;
  clearFaults(root);
  const failed = (error) => failedTest(state, root, place, error, () => run(state, root, place, test));
  await withProgress(place, "Asking Aha!…", () => look(state, ahaQuestion(state)), { buttons: test ? [test] : [], failed });
  if (state.aha) showOutcome(state, place);
}

function failedTest(state, root, place, error, again) {
  if (error.errors?.length) {
    const others = showFaults(root, error.errors.map((one) => ({ ...one, pointer: inIntegration(one.pointer) })));
    if (others.length) fill(place, problemBox(error));
    return;
  }
  const pointer = pointerOf(error, state);
  if (pointer) showFault(root, pointer, "See below.");
  fill(place, problemBox(error, again));
}
