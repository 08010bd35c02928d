// Waits that show themselves, and problems in words.
import { announce, button, fill, h } from "./dom.js";

const SHOWN_AFTER_MILLISECONDS = 300;

/** A line that says what is being waited for. */
export function progressLine(text) {
  return h("p", { class: "progress" }, h("span", { class: "spinner", "aria-hidden": "true" }), text);
}

/**
 * Runs `work` and shows in `place` what is waited for once that takes a moment; the buttons cannot be pressed meanwhile.
 * Answers what `work` answers, or undefined after a failure, which `failed` is told of (or which is shown in `place`).
 */
export async function withProgress(place, text, work, { buttons = [], failed } = {}) {
  let isShown = false;
  const timer = setTimeout(() => {
    isShown = true;
    fill(place, progressLine(text));
    announce(text);
  }, SHOWN_AFTER_MILLISECONDS);
  for (const one of buttons) one.setAttribute("aria-disabled", "true");
  try {
    const result = await work();
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
    // What came of it; a problem is an alert and speaks for itself.
    if (isShown) setTimeout(() => announce(place.querySelector(".problem") ? "" : place.textContent || "Done."));
    for (const one of buttons) one.removeAttribute("aria-disabled");
  }
}

/** Whether a button waits for what it started. */
export const isBusy = (element) => element.getAttribute("aria-disabled") === "true";

/** What went wrong and what to do. `again` is what the button *Try again* does. */
export function problemBox(error, again) {
  const isKnown = error.title !== undefined;
  if (!isKnown) console.error(error);
  return h("div", { class: "problem", role: "alert" },
    h("p", {}, h("strong", {}, isKnown ? error.title : "This page has a defect"), ". ",
      isKnown ? error.detail : `Reload it and try again. ${error.message}`),
    operationLine(error),
    again ? button("Try again", again) : null);
}

/** Where the log has more on a problem; nothing where it has not. */
export const operationLine = (error) => (error.operationId
  ? h("p", { class: "small" }, "Operation ", h("code", {}, error.operationId), " in the integration's log has every step.")
  : null);

/** Something that was done. */
export function doneLine(text) {
  return h("p", { class: "done" }, h("span", { class: "tick", "aria-hidden": "true" }), text);
}

/** A list of checks with a tick each. */
export function checkList(checks) {
  return h("ul", { class: "checks" }, checks.map((check) => h("li", {}, doneLine(check.detail))));
}
