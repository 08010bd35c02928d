// The webhook URL: copy it, or replace it and change the subscription that calls it.
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
      // The browser may not allow the clipboard; this older call copies the selected text.
      input.select();
      document.execCommand("copy");
    }
    fill(copy, "Copied");
    announce("The webhook URL was copied.");
    setTimeout(() => fill(copy, "Copy"), 2000);
  });
  return h("div", { class: "with-copy" }, input, copy);
}

/** Creates a new URL and changes the subscription to it, if there is one. `found` returns what is known of it. */
export function renewal(state, found) {
  const place = h("div", { class: "outcome" });
  const renew = button("Create a new URL", async () => {
    if (isBusy(renew)) return;
    const body = { ...bodyOf(draftOf(state.saved), {}), rotate_webhook_url: true };
    const answer = await withProgress(place, "Creating a new URL…", () => putIntegration(state.id, body, state.etag), { buttons: [renew] });
    if (!answer) return;
    const known = found();
    const isSubscribed = known?.status || known?.outdated_subscription_ids?.length;
    state.hookMessage = isSubscribed
      ? await withProgress(place, "Changing the subscription…", () => changeSubscription(state.id), { buttons: [renew] }) : null;
    if (state.isDirty) state.merge(answer.body, answer.etag, state.draft, "");
    else state.replace(answer.body, answer.etag, "");
  }, "danger");
  return h("details", { class: "help" }, h("summary", {}, "Has the URL leaked?"),
    h("p", {}, "The current URL stops working at once. The app changes the subscription in Azure DevOps to the new URL, if the token "
      + "may do that. If not, this page says what to change by hand."), renew, place);
}

async function changeSubscription(id) {
  try {
    await createHook(id);
    return { done: "The webhook URL is new, and the subscription calls it." };
  } catch (failed) {
    return { failed };
  }
}
