// The features of an integration: find one, see its sync state, check, send, link and unlink it.
import { fill, h } from "./dom.js";
import { eventByHand } from "./event_by_hand.js";
import { FeatureFinder } from "./feature_finder.js";
import { LinkedFeatures } from "./feature_list.js";
import { FeaturePanel } from "./feature_panel.js";

/** `reference` is that of the feature in the page's address, if it names one. */
export function showFeatures(place, state, reference) {
  const aborter = new AbortController();
  const setUp = `#/i/${encodeURIComponent(state.id)}`;
  const choose = (name, isGoing = true) => {
    history.replaceState(null, "", `${setUp}/features/${encodeURIComponent(name)}`);
    finder.mark(name);
    panel.show(name, isGoing);
  };
  const changed = () => {
    linked.load();
    finder.start();
  };
  const finder = new FeatureFinder(state, aborter.signal, choose);
  const panel = new FeaturePanel(state, aborter.signal, changed);
  const linked = new LinkedFeatures(state, aborter.signal, choose);
  fill(place, notices(state, setUp),
    h("div", { class: "features" }, finder.element, panel.element, linked.element, eventByHand(state, changed, !finder.hasAha())));
  finder.start();
  linked.load();
  if (reference) choose(reference, false);
  return () => aborter.abort();
}

function notices({ saved, isDirty }, setUp) {
  if (!saved.enabled) {
    return h("p", { class: "notice" }, "The integration is not enabled, so nothing can be sent. ", h("a", { href: setUp }, "Set it up"), " first.");
  }
  return isDirty ? h("p", { class: "notice" }, "There are unsaved changes under ", h("a", { href: setUp }, "Set up"),
    ". A send uses the saved configuration.") : null;
}
