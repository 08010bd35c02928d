// The webhook's address: copied, and renewed together with the subscription that calls it.
import { createHook, putIntegration } from "./api.js";
import { announce, button, fill, h } from "./dom.js";
import { bodyOf, draftOf } from "./model.js";
import { isBusy, withProgress } from "./progress.js";

export function copyField(url) {
  const input = h("input", { type: "text", readonly: true, value: url, "aria-labelledby": "url-title", class: "code", onfocus: () => input.select() });
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(url);
    } catch {
      // Without leave to use the clipboard: the old way, for what is selected.
      input.select();
      document.execCommand("copy");
    }
    fill(copy, "Copied");
    announce("The webhook URL was copied.");
    setTimeout(() => fill(copy, "Copy"), 2000);
  });
  return h("div", { class: "with-copy" }, input, copy);
}

/** Makes a new URL, and gives it to the subscription where there is one. `found` answers what is known of that. */
export function renewal(state, found) {
  const place = h("div", { class: "outcome" });
  const renew = button("Make a new URL", async () => {
    if (isBusy(renew)) return;
    const body = { ...bodyOf(draftOf(state.saved), {}), rotate_webhook_url: true };
    const answer = await withProgress(place, "Making a new URL…", () => putIntegration(state.id, body, state.etag), { buttons: [renew] });
    if (!answer) return;
    const known = found();
    const isSubscribed = known?.status || known?.outdated_subscription_ids?.length;
    state.hookMessage = isSubscribed
      ? await withProgress(place, "Giving it to the subscription…", () => give(state.id), { buttons: [renew] }) : null;
    if (state.isDirty) state.merge(answer.body, answer.etag, state.draft, "");
    else state.replace(answer.body, answer.etag, "");
  }, "danger");
  return h("details", { class: "help" }, h("summary", {}, "The URL got into wrong hands?"),
    h("p", {}, "A new one makes this one useless at once. The subscription in Azure DevOps is given the new one, if the token may do "
      + "that; else this page says what to change by hand."), renew, place);
}

async function give(id) {
  try {
    await createHook(id);
    return { done: "The webhook URL is new, and the subscription calls it." };
  } catch (failed) {
    return { failed };
  }
}
