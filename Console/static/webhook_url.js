// Replace the webhook URL, and change the subscription that calls it.
import { createHook, putIntegration } from "./api.js";
import { button, h } from "./dom.js";
import { bodyOf, draftOf } from "./model.js";
import { isBusy, withProgress } from "./progress.js";

/** Creates a new URL and changes the subscription to it, if there is one. `found` returns its last known state. */
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
    h("p", {}, "The current URL stops working at once. The app changes the subscription in Azure DevOps to the new URL if the token "
      + "may do so. Otherwise, this page shows what to change by hand."), renew, place);
}

async function changeSubscription(id) {
  try {
    await createHook(id);
    return { done: "The webhook URL was replaced, and the subscription calls the new one." };
  } catch (failed) {
    return { failed };
  }
}
