// The live integration log: open problems, then operations, newest first; each can be opened.
import { getIntegration, readLog } from "./api.js";
import { announce, button, fill, h } from "./dom.js";
import { choice, field, textInput } from "./fields.js";
import { count, dayOf } from "./format.js";
import { problemsPanel } from "./health.js";
import { NOTHING, PAGE, withNewest, withOlder } from "./log_entries.js";
import { conditionsOf, inWords, NAMES, typedFor } from "./log_find.js";
import { operationRow } from "./log_lines.js";
import { logAddress } from "./log_links.js";
import { inRows, operationsOf } from "./log_operations.js";
import { problemBox } from "./progress.js";

const EVERY_MILLISECONDS = 3000;
const SEARCHING_EVERY_MILLISECONDS = 10_000; // A search reads up to 1,000 rows.
const HEALTH_EVERY_MILLISECONDS = 15_000;
const TYPING_MILLISECONDS = 350;
const MOST_CALLS = 10;

export function showLog(place, state) {
  const view = new LogView(state);
  fill(place, view.element);
  view.start();
  return () => view.stop();
}

class LogView {
  constructor(state) {
    this.state = state;
    this.integration = state.saved;
    const query = new URLSearchParams(location.hash.split("?")[1]);
    this.conditions = Object.fromEntries(NAMES.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
    this.isLive = true;
    this.open = new Set(this.conditions.operation_id ? [this.conditions.operation_id] : []);
    this.list = h("ol", { class: "operations", "aria-label": "Operations, newest first" });
    this.health = h("div", {});
    this.note = h("p", { class: "small log-note", role: "status" });
    this.problem = h("div", {});
    this.more = button("Show older operations", () => this.showOlder());
    this.element = h("div", {}, this.health, this.bar(), this.problem, this.note, this.list, this.more);
    this.forget();
  }

  get id() {
    return this.integration.integration_id;
  }

  get entries() {
    return this.known.entries;
  }

  bar() {
    this.find = textInput(typedFor(this.conditions), () => this.typed(), { type: "search", placeholder: "PROD-12, #7, or words of a message" });
    this.events = h("datalist", { id: "events" });
    this.event = textInput(this.conditions.event, () => this.typed(), { list: "events", placeholder: "All events" });
    const levels = [["error", "Errors"], ["warning", "Warnings"], ["info", "Information"]].map(([value, text]) => ({ value, text }));
    this.level = choice(this.conditions.level, levels, (value) => this.change({ level: value }), { empty: "All levels" });
    this.pause = button("Pause", () => {
      this.isLive = !this.isLive;
      fill(this.pause, this.isLive ? "Pause" : "Continue");
      announce(this.isLive ? "The log is live." : "The log is paused.");
      if (this.isLive) this.load();
    });
    this.all = button("Show all entries", () => {
      for (const control of [this.find, this.event, this.level]) control.value = "";
      this.change(Object.fromEntries(NAMES.map((name) => [name, ""])));
      this.find.focus();
    });
    return h("search", { class: "log-bar" }, field("What happened to", this.find), field("Event", this.event), field("Level", this.level),
      h("div", { class: "log-buttons" }, this.all, this.pause), this.events);
  }

  start() {
    this.load();
    this.showHealth(this.integration.health);
    this.timer = setInterval(() => {
      if (this.isLive && !document.hidden && !this.isLoading && Date.now() >= this.nextAt) this.load();
    }, EVERY_MILLISECONDS / 3);
    this.healthTimer = setInterval(() => document.hidden || !this.isLive || this.loadHealth(), HEALTH_EVERY_MILLISECONDS);
  }

  stop() {
    clearInterval(this.timer);
    clearInterval(this.healthTimer);
    clearTimeout(this.typing);
    this.aborter.abort();
  }

  /** Takes what was typed once a person has stopped typing. */
  typed() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.change({
      reference: "", work_item_id: "", operation_id: "", text: "", ...conditionsOf(this.find.value), event: this.event.value.trim(),
    }), TYPING_MILLISECONDS);
  }

  change(conditions) {
    const all = Object.entries({ ...this.conditions, ...conditions });
    this.conditions = Object.fromEntries(all.filter(([, value]) => value));
    if (this.conditions.operation_id) this.open.add(this.conditions.operation_id);
    // The address can be kept and passed on. Replacing it shows no other view.
    history.replaceState(null, "", logAddress(this.id, this.conditions));
    dispatchEvent(new Event("readdressed"));
    this.forget();
    this.load();
  }

  /** Forgets the entries of earlier conditions. */
  forget() {
    this.aborter?.abort();
    this.aborter = new AbortController();
    this.known = NOTHING;
    this.rows = new Map();
    const isFiltered = Object.keys(this.conditions).length > 0;
    this.all.hidden = !isFiltered;
    this.health.hidden = isFiltered; // It does not match the search.
    this.more.hidden = true;
    this.list.setAttribute("aria-busy", "true");
  }

  async load() {
    const { signal } = this.aborter;
    this.isLoading = true;
    try {
      // After the first search, only new entries are searched.
      const page = await this.pageFrom(null, signal, this.known.older === undefined ? MOST_CALLS : 1);
      fill(this.problem);
      const known = withNewest(this.known, page);
      if (known === this.known) return;
      this.known = known;
      this.show();
    } catch (error) {
      if (error.name !== "AbortError") fill(this.problem, problemBox(error, () => this.load()));
    } finally {
      if (signal === this.aborter.signal) {
        this.isLoading = false;
        const { event, reference, work_item_id: item, text } = this.conditions;
        this.nextAt = Date.now() + (event || reference || item || text ? SEARCHING_EVERY_MILLISECONDS : EVERY_MILLISECONDS);
      }
    }
  }

  /** A page with entries, or the end of the log: one call reads a part of the log and may find nothing there. */
  async pageFrom(before, signal, most = MOST_CALLS) {
    let page = { entries: [], next: before };
    for (let call = 0; call < most && !page.entries.length && (page.next || !call); call += 1) {
      page = await readLog(this.id, { limit: PAGE, ...this.conditions, ...(page.next ? { before: page.next } : {}) }, signal);
    }
    return page;
  }

  async showOlder() {
    try {
      const page = await this.pageFrom(this.known.older, this.aborter.signal);
      this.known = withOlder(this.known, page);
      this.show();
      if (!page.next) this.list.lastElementChild?.querySelector("summary")?.focus();
    } catch (error) {
      if (error.name !== "AbortError") fill(this.problem, problemBox(error, () => this.showOlder()));
    }
  }

  show() {
    const { level, ...others } = this.conditions;
    const { operation_id: _, ...inside } = others;
    const operations = operationsOf(this.entries, Boolean(level || Object.keys(inside).length));
    place(this.list, this.children(operations));
    this.list.removeAttribute("aria-busy");
    fill(this.events, [...new Set(this.entries.map((entry) => entry.event))].sort().map((name) => h("option", { value: name })));
    this.more.hidden = !this.known.older;
    fill(this.note, this.words(operations.length));
  }

  words(number) {
    const about = inWords(this.conditions);
    if (number) return `${count(number, "operation")}${about ? ` ${about}` : ""}, newest first`;
    const text = this.conditions.reference;
    const searched = this.known.older ? " in the part of the log that was searched" : "";
    if (!text) return about ? `No entries ${about}${searched}.` : "No entries yet.";
    return [`No entries ${about}${searched}. `, button(`Search the messages for “${text}”`, () => {
      this.find.value = typedFor({ ...this.conditions, reference: "", text });
      this.change({ reference: "", text });
    }, "link")];
  }

  /** Rows with a heading for each day. Rows that did not change are kept, so that the focus and open rows stay. */
  children(operations) {
    const made = new Map();
    const nodes = [];
    const keep = (key, make) => {
      made.set(key, this.rows.get(key) ?? make());
      nodes.push(made.get(key));
    };
    let day = "";
    for (const row of inRows(operations)) {
      const [{ time }] = row;
      if (dayOf(time) !== day) {
        day = dayOf(time);
        const words = day;
        keep(`day ${words}`, () => h("li", { class: "day" }, h("h2", {}, words)));
      }
      keep(row.flatMap((one) => [one.id, one.entries.length]).join(), () => operationRow(row, this));
    }
    this.rows = made;
    return nodes;
  }

  async loadHealth() {
    try {
      const { health } = (await getIntegration(this.id)).body;
      Object.assign(this.state.saved, { health });
      this.state.dispatchEvent(new Event("health"));
      this.showHealth(health);
    } catch {
      // The log itself shows that it cannot be read.
    }
  }

  showHealth(health) {
    const text = JSON.stringify(health?.open_problems);
    if (text === this.healthText) return;
    this.healthText = text;
    fill(this.health, problemsPanel(this.id, health));
  }
}

/** Puts the nodes into a list in this order, without moving those that are in place. */
function place(list, nodes) {
  const focused = document.activeElement?.closest("[data-key]")?.dataset.key;
  const wanted = new Set(nodes);
  for (const node of [...list.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, at) => {
    if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
  });
  if (focused && !document.activeElement?.closest("[data-key]")) {
    list.querySelector(`[data-key="${CSS.escape(focused)}"] > summary`)?.focus({ preventScroll: true });
  }
}
