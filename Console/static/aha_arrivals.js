// Wait for events of Aha!'s Integration webhook in the integration's log, and show the result of the newest.
import { readLog } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { ago, count, when } from "./format.js";
import { logAddress } from "./log_links.js";
import { distinctErrors } from "./log_operations.js";
import { doneLine, problemBox, progressLine } from "./progress.js";

const EVERY_MILLISECONDS = 2000;
const MOST_ENTRIES = 500; // The arrival is the oldest entry of a send, so one page must hold all entries of the send.
const MOST_LINES = 8;
const REMARKS = ["send.unfinished", "link-back.failed", "link-back.no-integration"];
const SENT = ["work-item.created", "work-item.updated", "work-item.unchanged"];

/** Reads the log until the returned function is called. */
export function watchArrivals(place, id) {
  const aborter = new AbortController();
  const view = { place, id, shown: undefined, isLoading: false, signal: aborter.signal };
  const readIfSeen = () => document.hidden || view.isLoading || read(view);
  read(view);
  const timer = setInterval(readIfSeen, EVERY_MILLISECONDS);
  return () => {
    clearInterval(timer);
    aborter.abort();
  };
}

async function read(view) {
  view.isLoading = true;
  try {
    const { entries } = await readLog(view.id, { limit: MOST_ENTRIES }, view.signal);
    show(view, arrivalIn(entries));
  } catch (error) {
    if (error.name === "AbortError") return;
    view.shown = undefined;
    fill(view.place, problemBox(error));
  } finally {
    view.isLoading = false;
  }
}

/** The newest event of Aha! in entries, which are newest first, with all entries of its operation; null if none arrived. */
function arrivalIn(entries) {
  const arrival = entries.find((one) => ["event.received", "event.ignored"].includes(one.event));
  if (!arrival) return null;
  const ofOperation = entries.filter((one) => one.operation_id === arrival.operation_id);
  return { time: arrival.time, isRelease: arrival.event === "event.ignored", entries: ofOperation.reverse() };
}

function show(view, arrival) {
  const key = arrival ? `${arrival.time} ${arrival.entries.length}` : "";
  if (key === view.shown) return;
  const isFirstLook = view.shown === undefined;
  view.shown = key;
  fill(view.place, arrival ? shownArrival(view, arrival, isFirstLook) : progressLine("Waiting for the first event from Aha!…"));
  if (!isFirstLook) announce(view.place.innerText);
}

function shownArrival({ id }, arrival, isEarlier) {
  const moment = h("time", { datetime: arrival.time, title: when(arrival.time) }, ago(arrival.time));
  const reached = isEarlier ? h("p", {}, "The last event arrived ", moment, ". Press Send again to see a new one here.")
    : doneLine("Aha! reached this app.");
  if (arrival.isRelease) {
    return [reached, h("p", {}, "Aha! sent the feature's release first. That is ignored, because only features are sent."),
      isEarlier ? null : progressLine("Waiting for the feature itself…")];
  }
  return [reached, result(arrival.entries), h("p", { class: "small" }, "The ",
    h("a", { href: logAddress(id, { operation_id: arrival.entries[0].operation_id }) }, "log"), " has every step. Aha! does not show this to the person who pressed Send.")];
}

function result(entries) {
  const sent = entries.filter((one) => SENT.includes(one.event));
  const failed = distinctErrors(entries.filter((one) => one.level === "error" || one.event === "operation.refused"));
  const remarks = entries.filter((one) => REMARKS.includes(one.event));
  const lines = sent.slice(0, MOST_LINES).map((one) => h("li", {}, doneLine(one.message)));
  return [
    failed.map((one) => h("div", { class: "problem" },
      h("p", {}, h("strong", {}, sent.length ? "Not everything was sent" : "It was not sent"), ". ", one.message))),
    lines.length ? h("ul", { class: "checks" }, lines) : null,
    sent.length > MOST_LINES ? h("p", {}, `And ${count(sent.length - MOST_LINES, "other record")}.`) : null,
    remarks.map((one) => h("p", { class: "notice" }, one.message)),
    failed.length ? h("p", {}, "Correct what the message names, then press Send in Aha! again. No second work item is created.") : null,
  ];
}
