// Step 3: the product. One that another integration has is shown as taken, with a link to that integration.
import { listIntegrations } from "./api.js";
import { fill, h, keepingFocus } from "./dom.js";
import { choice, clearFault, field, showFault, textInput } from "./fields.js";
import { count } from "./format.js";
import { ownerOf, ownerOfDraft, productOf } from "./model.js";
import { doneLine } from "./progress.js";

const MOST_SHOWN = 4;

export function productStep(state) {
  const root = h("div", { class: "step-body" });
  const show = () => keepingFocus(root, () => render(state, root));
  show();
  state.on("aha aha-forgotten others", show);
  return root;
}

/** Reads which products other integrations have, so that a person sees it before a save is refused. */
export async function readOthers(state) {
  const all = await listIntegrations().catch(() => null);
  if (!all) return;
  state.others = all.filter((one) => one.integration_id !== state.id);
  state.changed("others");
}

function render(state, root) {
  const line = h("div", {});
  const showLine = () => {
    fill(line, statusesLine(state));
    showOwner(state, root);
  };
  fill(root, state.aha ? fromList(state, showLine) : typed(state, showLine), line, state.aha ? takenProducts(state) : null);
  showLine();
}

function typed(state, showLine) {
  const input = textInput(state.draft.product_id, (text) => {
    state.draft.product_id = text.trim();
    state.changed("draft");
    showLine();
  });
  return field("Product", input, {
    pointer: "/product_id", hint: "The product's prefix in Aha!, such as PROD. Test Aha! first to choose it from a list.",
  });
}

function fromList(state, showLine) {
  const { draft } = state;
  const chosen = productOf(state);
  const options = state.aha.products.map((product) => {
    const owner = ownerOf([product.id, product.reference_prefix], state.others);
    const name = nameOf(product);
    return {
      value: chosen === product ? draft.product_id : product.reference_prefix,
      text: owner ? `${name}: taken by ${owner.name}` : name, isDisabled: Boolean(owner) && chosen !== product,
    };
  });
  const select = choice(draft.product_id, options, (value) => {
    draft.product_id = value;
    // Another product has other statuses.
    Object.assign(state.aha, { feature_statuses: [], requirement_statuses: [] });
    state.versions.aha += 1;
    state.changed("draft");
    showLine();
    if (value) state.dispatchEvent(new Event("test-aha"));
  }, { foreign: "(this key cannot see it)" });
  return field("Product", select, {
    pointer: "/product_id", hint: "The features of this product are sent. A product can belong to one integration only.",
  });
}

export const nameOf = (product) => `${product.name} (${product.reference_prefix})`;

const linkToOwner = (owner) => h("a", { href: `#/i/${encodeURIComponent(owner.integration_id)}` }, owner.name);

/** The products that cannot be chosen, because a choice cannot contain a link. */
function takenProducts(state) {
  const taken = state.aha.products
    .map((product) => [product, ownerOf([product.id, product.reference_prefix], state.others)])
    .filter(([product, owner]) => owner && product !== productOf(state));
  if (!taken.length) return null;
  return h("details", { class: "help", open: taken.length <= MOST_SHOWN }, h("summary", {}, `${count(taken.length, "product is", "products are")} taken`),
    h("ul", {}, taken.map(([product, owner]) => h("li", {}, `${nameOf(product)} belongs to the integration `, linkToOwner(owner), "."))));
}

/** Says at the product that another integration has it. */
function showOwner(state, root) {
  if (!ownerOfDraft(state)) return;
  clearFault(root.querySelector("[data-pointer]"));
  showFault(root, "/product_id", takenWords(state));
}

export function takenWords(state) {
  const product = productOf(state);
  return [`${product ? nameOf(product) : state.draft.product_id} belongs to the integration `, linkToOwner(ownerOfDraft(state)),
    ". Choose another product, or first give that integration another one."];
}

function statusesLine(state) {
  if (!state.aha?.feature_statuses.length) return null;
  const { feature_statuses: ofFeatures, requirement_statuses: ofRequirements } = state.aha;
  return doneLine(`It has ${ofFeatures.length} statuses for features and ${ofRequirements.length} for requirements. Steps 5 and 6 offer them.`);
}
