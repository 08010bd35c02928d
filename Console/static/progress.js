// Show progress, problems and results.
import { announce, button, fill, h } from "./dom.js";

const SHOWN_AFTER_MILLISECONDS = 300;

/** A line that says what the page is waiting for. */
export function progressLine(text) {
  return h("p", { class: "progress" }, h("span", { class: "spinner", "aria-hidden": "true" }), text);
}

/**
 * Runs `work` with the buttons disabled, and shows `text` in `place` if it takes longer than a moment.
 * `work` gets a function that shows another text there, then or before.
 * Returns the result of `work`, or undefined after a failure. A failure goes to `failed` or, without it, is shown in `place`.
 */
export async function withProgress(place, text, work, { buttons = [], failed } = {}) {
  let isShown = false;
  const show = (...content) => {
    clearTimeout(timer);
    isShown = true;
    fill(place, ...content);
  };
  const timer = setTimeout(() => {
    show(progressLine(text));
    announce(text);
  }, SHOWN_AFTER_MILLISECONDS);
  for (const one of buttons) one.setAttribute("aria-disabled", "true");
  try {
    const result = await work(show);
    fill(place);
    return result;
  } catch (error) {
    fill(place);
    if (error.name === "AbortError") return undefined;
    if (failed) failed(error);
    else fill(place, problemBox(error));
    return undefined;
  } finally {
    clearTimeout(timer);
    // Announces the result. A problem is an alert and announces itself.
    if (isShown) setTimeout(() => announce(place.querySelector(".problem") ? "" : place.textContent || "Done."));
    for (const one of buttons) one.removeAttribute("aria-disabled");
  }
}

/** Whether the work that a button started is still running. */
export const isBusy = (element) => element.getAttribute("aria-disabled") === "true";

/** A problem and what to do about it. `again` is called by the button *Try again*. */
export function problemBox(error, again) {
  const isKnown = error.title !== undefined;
  if (!isKnown) console.error(error);
  return h("div", { class: "problem", role: "alert" },
    h("p", {}, h("strong", {}, isKnown ? error.title : "This page has a defect"), ". ",
      isKnown ? error.detail : `Reload it and try again. ${error.message}`),
    operationLine(error),
    again ? button("Try again", again) : null);
}

/** A link to a problem's log entries; null if there are none. */
export const operationLine = (error) => (error.operationId
  ? h("p", { class: "small" }, "Operation ", h("code", {}, error.operationId), " in the integration's log has every step.")
  : null);

/** A line about something that succeeded. */
export function doneLine(text) {
  return h("p", { class: "done" }, h("span", { class: "tick", "aria-hidden": "true" }), text);
}

/** A list of checks with a tick each. */
export function checkList(checks) {
  return h("ul", { class: "checks" }, checks.map((check) => h("li", {}, doneLine(check.detail))));
}
