// The linked features, page by page.
import { linkedFeatures } from "./api.js";
import { button, fill, h, outwardLink } from "./dom.js";
import { lastError, moment } from "./feature_record.js";
import { problemBox } from "./progress.js";

const PAGE = 20;

export class LinkedFeatures {
  constructor(state, signal, choose) {
    Object.assign(this, { state, signal, choose, next: null, shown: 0 });
    this.list = h("ul", { class: "linked-rows", "aria-label": "Linked features" });
    this.note = h("p", { class: "small" });
    this.problem = h("div", {});
    this.more = button("Show more", () => this.showMore());
    this.more.hidden = true;
    this.element = h("section", { class: "panel linked" }, h("h2", {}, "Linked features"), this.problem, this.note, this.list, this.more);
  }

  /** Reads as many features as are shown. */
  load() {
    return this.read({ limit: Math.min(Math.max(this.shown, PAGE), 500) }, (rows) => {
      fill(this.list, rows);
      fill(this.note, rows.length ? "" : "No feature has a work item yet.");
    }, () => this.load());
  }

  showMore() {
    return this.read({ limit: PAGE, after: this.next }, (rows) => {
      this.list.append(...rows);
      rows[0]?.querySelector("button").focus();
    }, () => this.showMore());
  }

  async read(query, show, again) {
    try {
      const page = await linkedFeatures(this.state.id, query, this.signal);
      fill(this.problem);
      show(page.features.map((one) => this.row(one)));
      this.next = page.next;
      this.more.hidden = this.next === null;
      this.shown = this.list.childElementCount;
    } catch (error) {
      if (error.name !== "AbortError") fill(this.problem, problemBox(error, again));
    }
  }

  row(feature) {
    const name = feature.reference_num || feature.id;
    const item = feature.work_item;
    return h("li", {},
      button([h("strong", {}, name), h("span", { class: "choice-name", dir: "auto" }, feature.name)], () => this.choose(name), "choice", { title: feature.name }),
      h("p", { class: "record-facts" },
        outwardLink(item.url, `${item.type} ${item.id}`),
        feature.last_sent_at ? h("span", {}, "Sent ", moment(feature.last_sent_at)) : null,
        feature.last_received_at ? h("span", {}, "Change from Azure DevOps ", moment(feature.last_received_at)) : null),
      lastError(feature, this.state.id));
  }
}
