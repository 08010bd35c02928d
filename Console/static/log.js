// The live integration log: first the errors of the last day, then all entries, newest first.
import { readLog } from "./api.js";
import { announce, button, fill, h } from "./dom.js";
import { field, choice, textInput } from "./fields.js";
import { count } from "./format.js";
import { entryRow, keyOf } from "./log_entries.js";
import { distinctErrors, errorsPanel } from "./log_errors.js";
import { problemBox } from "./progress.js";

const EVERY_MILLISECONDS = 3000;
const PAGE = 100;
const DAY = 86_400_000;

export function showLog(place, state) {
  const view = new LogView(state.id);
  fill(place, view.element);
  view.start();
  return () => view.stop();
}

class LogView {
  constructor(id) {
    this.id = id;
    this.filter = { operation_id: "", level: "" };
    this.aborter = new AbortController();
    this.isLive = true;
    this.older = null; // Where the next page starts.
    this.list = h("ol", { class: "entries", "aria-label": "Entries, newest first" });
    this.errors = h("div", {});
    this.note = h("p", { class: "small" });
    this.problem = h("div", {});
    this.more = button("Show older entries", () => this.showOlder());
    this.more.hidden = true;
    this.element = h("div", {}, this.bar(), this.problem, this.errors, this.note, this.list, this.more);
  }

  bar() {
    this.operation = textInput("", (text) => this.change({ operation_id: text.trim() }), { placeholder: "All, or the id of one" });
    const level = choice("", ["error", "warning", "info"].map((value) => ({ value, text: { error: "Errors", warning: "Warnings", info: "Information" }[value] })),
      (value) => this.change({ level: value }), { empty: "All levels" });
    this.pause = button("Pause", () => {
      this.isLive = !this.isLive;
      fill(this.pause, this.isLive ? "Pause" : "Continue");
      announce(this.isLive ? "The log is live." : "The log is paused.");
      if (this.isLive) this.load();
    });
    this.requests = h("input", { type: "checkbox", id: "requests", onchange: () => this.showNote() });
    this.all = button("Show all operations", () => {
      this.operation.value = "";
      this.change({ operation_id: "" });
      this.operation.focus();
    });
    this.all.hidden = true;
    return h("div", {},
      h("div", { class: "log-bar" }, field("Operation", this.operation), field("Level", level),
        h("div", { class: "check" }, this.requests, h("label", { for: "requests" }, "Show every request")), this.pause),
      this.all);
  }

  start() {
    this.load();
    this.timer = setInterval(() => {
      if (this.isLive && !document.hidden && !this.isLoading) this.load();
    }, EVERY_MILLISECONDS);
  }

  stop() {
    clearInterval(this.timer);
    this.aborter.abort();
  }

  change(filter) {
    Object.assign(this.filter, filter);
    this.aborter.abort();
    this.aborter = new AbortController();
    this.older = null;
    this.all.hidden = !this.filter.operation_id;
    fill(this.list);
    this.load();
  }

  showOperation(id) {
    this.operation.value = id;
    this.requests.checked = true;
    this.change({ operation_id: id });
  }

  query(more) {
    const wanted = Object.entries(this.filter).filter(([, value]) => value);
    return { limit: PAGE, ...Object.fromEntries(wanted), ...more };
  }

  async load() {
    const { signal } = this.aborter;
    this.isLoading = true;
    try {
      const isWhole = !this.filter.level && !this.filter.operation_id;
      const [page, failed] = await Promise.all([
        readLog(this.id, this.query({}), signal),
        isWhole ? readLog(this.id, { limit: 20, level: "error" }, signal) : { entries: [] },
      ]);
      fill(this.problem);
      this.showErrors(distinctErrors(failed.entries).filter((entry) => Date.parse(entry.time) > Date.now() - DAY));
      this.showPage(page);
    } catch (error) {
      if (error.name !== "AbortError") fill(this.problem, problemBox(error, () => this.load()));
    } finally {
      this.isLoading = false;
    }
  }

  showErrors(entries) {
    const keys = entries.map(keyOf).join();
    if (keys === this.errorKeys) return;
    this.errorKeys = keys;
    fill(this.errors, errorsPanel(entries, this.id, (id) => this.showOperation(id)));
  }

  /** Adds new entries on top. Existing rows are kept, so that an open one stays open. */
  showPage(page) {
    const known = new Map([...this.list.children].map((row) => [row.dataset.key, row]));
    const shown = page.entries.map((entry) => known.get(keyOf(entry)) ?? entryRow(entry, (id) => this.showOperation(id)));
    const keys = new Set(page.entries.map(keyOf));
    const rest = [...known].filter(([key]) => !keys.has(key)).map(([, row]) => row);
    const isSame = rest.length + shown.length === known.size && shown.every((row, at) => row === this.list.children[at]);
    if (!isSame) fill(this.list, shown, rest);
    if (this.older === null) this.older = page.next;
    this.showNote();
  }

  async showOlder() {
    try {
      const page = await readLog(this.id, this.query({ before: this.older }), this.aborter.signal);
      this.list.append(...page.entries.map((entry) => entryRow(entry, (id) => this.showOperation(id))));
      this.older = page.next;
      this.showNote();
    } catch (error) {
      if (error.name !== "AbortError") fill(this.problem, problemBox(error, () => this.showOlder()));
    }
  }

  /** Shows how many entries are visible, and marks where an operation begins. */
  showNote() {
    this.list.classList.toggle("hides-requests", !this.requests.checked);
    const rows = [...this.list.children];
    const shown = this.requests.checked ? rows : rows.filter((row) => !row.classList.contains("is-request"));
    shown.forEach((row, at) => row.classList.toggle("starts", at > 0 && row.dataset.operation !== shown[at - 1].dataset.operation));
    const hidden = rows.length - shown.length;
    fill(this.note, !rows.length ? "No entries yet."
      : `${count(shown.length, "entry", "entries")}, newest first${hidden ? `; ${count(hidden, "request")} not shown` : ""}`);
    this.more.hidden = !this.older;
  }
}
