// Search for features of the product in Aha!, and choose one.
import { searchFeatures } from "./api.js";
import { announce, button, fill, h } from "./dom.js";
import { field, onEnter } from "./fields.js";
import { count } from "./format.js";
import { problemBox } from "./progress.js";

const AT_REST_MILLISECONDS = 350;
const EVERY_FEATURE = "*";
const IN_ADDRESS = /\/(?:features|requirements)\/([\w-]+)/;

export class FeatureFinder {
  constructor(state, signal, choose) {
    Object.assign(this, { state, signal, choose, found: [], chosen: "" });
    this.results = h("ul", { class: "choices", "aria-label": "Features found" });
    this.note = h("p", { class: "small" });
    this.problem = h("div", {});
    this.input = h("input", { type: "search", autocomplete: "off", spellcheck: "false", oninput: () => this.searchSoon() });
    onEnter(this.input, () => this.search(true));
    this.element = h("section", { class: "panel finder" }, h("h2", {}, "Find a feature"), this.hasAha() ? this.parts() : this.lack());
  }

  hasAha() {
    const { aha } = this.state.saved;
    return Boolean(aha.url && aha.api_token_set);
  }

  parts() {
    const isLocal = /^https?:\/\/(localhost|127\.0\.0\.1)\b/.test(this.state.saved.aha.url);
    return [
      field("Name or reference", this.input, { hint: `Of a feature of ${this.state.saved.product_id} in Aha!, such as a word of its name.` }),
      this.problem, this.note, this.results,
      isLocal ? h("p", { class: "hint" }, "These are features of the sandbox Aha! on this machine. Send one, then change the state of its work item in "
        + "the sandbox Azure DevOps, and the feature in Aha! changes, too.") : null,
    ];
  }

  lack() {
    return h("p", { class: "notice" }, "The integration has no Aha! address and key, so features cannot be chosen here. ",
      h("a", { href: `#/i/${encodeURIComponent(this.state.id)}` }, "Connect Aha! under Set up"), ", or send an event by hand below.");
  }

  start() {
    if (this.hasAha()) this.search();
  }

  searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), AT_REST_MILLISECONDS);
  }

  /** `isEntered`: the person pressed Enter, which chooses the only feature found. */
  async search(isEntered = false) {
    clearTimeout(this.timer);
    this.aborter?.abort();
    this.aborter = new AbortController();
    const text = this.input.value.trim();
    const wanted = text.match(IN_ADDRESS)?.[1] ?? text;
    try {
      const answer = await searchFeatures(this.state.id, wanted.slice(0, 200) || EVERY_FEATURE, AbortSignal.any([this.signal, this.aborter.signal]));
      fill(this.problem);
      this.show(answer, text);
      if (isEntered && this.found.length === 1) this.choose(this.found[0].reference_num || this.found[0].id);
      else if (isEntered) this.results.querySelector("button")?.focus();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.show({ features: [], has_more: false }, null);
      fill(this.problem, problemBox(error, () => this.search()));
    }
  }

  show({ features, has_more: hasMore }, text) {
    this.found = features;
    const words = text === null ? "" : features.length
      ? `${hasMore ? "The first " : ""}${count(features.length, "feature")}${hasMore ? ". Type more to narrow them down." : ""}`
      : `No feature of ${this.state.saved.product_id} ${text ? `matches “${text}”` : "is in Aha!"}.`;
    fill(this.note, words);
    if (text) announce(words);
    fill(this.results, features.map((one) => this.row(one)));
    this.mark(this.chosen);
  }

  row(feature) {
    const name = feature.reference_num || feature.id;
    return h("li", {}, h("button", { type: "button", class: "choice", dataset: { reference: name }, onclick: () => this.choose(name) },
      h("strong", {}, name), h("span", { class: "choice-name", dir: "auto" }, feature.name), feature.linked ? h("span", { class: "chip" }, "linked") : null));
  }

  /** Marks the feature that is shown. */
  mark(reference) {
    this.chosen = reference;
    for (const one of this.results.querySelectorAll("button")) {
      if (one.dataset.reference === reference) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
  }
}
