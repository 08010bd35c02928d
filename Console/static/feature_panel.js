// The chosen feature: its sync state, a check, a send, and its links.
import { checkReference, syncStateOf } from "./api.js";
import { announce, button, fill, goTo, h, outwardLink } from "./dom.js";
import { nameOf, recordRow } from "./feature_record.js";
import { resultSummary } from "./feature_result.js";
import { sendUntilDone } from "./feature_send.js";
import { recordsOf, syncStateSentence } from "./feature_words.js";
import { doneLine, isBusy, problemBox, progressLine, withProgress } from "./progress.js";

const FRESH_MILLISECONDS = 2000;

export class FeaturePanel {
  /** `changed` is called when the feature was sent, linked or unlinked. */
  constructor(state, signal, changed) {
    Object.assign(this, { state, signal, changed, reference: "", syncState: null, result: null, isDryRun: false, readAt: 0 });
    this.title = h("h2", { tabindex: "-1" });
    this.status = h("p", { class: "feature-status" });
    this.outcome = h("div", { class: "outcome" });
    this.records = h("ul", { class: "records", "aria-label": "Records of the feature" });
    this.send = button("Send", () => this.runSend(), "primary");
    this.check = button("Check", () => this.runCheck());
    this.refresh = button("Refresh", () => this.read(), "quiet");
    this.buttons = [this.send, this.check, this.refresh];
    this.element = h("section", { class: "panel shown-feature" });
    this.showNothing();
    document.addEventListener("visibilitychange", () => this.readWhenSeen(), { signal });
  }

  showNothing() {
    fill(this.element, h("div", { class: "nothing" }, h("h2", {}, "No feature chosen"),
      h("p", {}, "Choose a feature to see its sync state, to check what a send would do, and to send it.")));
  }

  /** Shows a feature; `isGoing` moves the focus to it. */
  async show(reference, isGoing) {
    Object.assign(this, { reference, syncState: null, result: null });
    fill(this.title, reference);
    fill(this.status);
    fill(this.outcome);
    fill(this.records);
    fill(this.element, this.title, this.status,
      h("div", { class: "row" }, this.buttons),
      h("p", { class: "hint" }, "A check writes nothing. Sending the same feature again never creates a second work item."),
      this.outcome, this.records);
    if (isGoing) goTo(this.title);
    await this.read();
  }

  /** Reads the feature's sync state. Returns whether that succeeded. */
  async read() {
    const { reference } = this;
    const syncState = await withProgress(this.outcome, `Reading ${reference} from Aha! and Azure DevOps…`,
      () => syncStateOf(this.state.id, reference, this.signal), {
        buttons: this.buttons, failed: (error) => reference === this.reference && this.fail(error, () => this.read()),
      });
    if (!syncState || reference !== this.reference) return false;
    this.take(syncState);
    return true;
  }

  /** A person who comes back from Azure DevOps sees what changed there. */
  readWhenSeen() {
    const isWriting = this.records.querySelector(".link-form") || this.records.contains(document.activeElement);
    if (document.hidden || !this.syncState || isWriting || isBusy(this.send) || this.result) return;
    if (Date.now() - this.readAt > FRESH_MILLISECONDS) this.read();
  }

  take(syncState) {
    Object.assign(this, { syncState, readAt: Date.now() });
    const { feature } = syncState;
    const host = this.state.saved.aha.url;
    fill(this.title, nameOf(feature), " ", h("bdi", { class: "record-name" }, feature.name));
    fill(this.status, syncStateSentence(syncState), " ", host ? outwardLink(`${host}/features/${encodeURIComponent(nameOf(feature))}`, "Open it in Aha!") : null);
    fill(this.send, feature.work_item ? "Send again" : "Send");
    fill(this.records, recordsOf(syncState).map((record, index) => recordRow(this, record, index)));
  }

  fail(error, again) {
    const isSettings = error.status === 422 && error.code.endsWith("_credentials_rejected");
    fill(this.outcome, problemBox(error, again), isSettings ? h("p", {},
      h("a", { href: `#/i/${encodeURIComponent(this.state.id)}` }, "Save a new token under Set up"), ".") : null);
  }

  async runCheck() {
    if (this.buttons.some(isBusy)) return;
    const { reference } = this;
    const result = await withProgress(this.outcome, "Checking what a send would do…",
      () => checkReference(this.state.id, reference, this.signal), { buttons: this.buttons, failed: (error) => this.fail(error) });
    if (result && reference === this.reference) this.showResult(result, true);
  }

  async runSend() {
    if (this.buttons.some(isBusy)) return;
    const { reference } = this;
    const stopping = new AbortController();
    const stop = button("Stop waiting", () => stopping.abort());
    const report = (words, show) => {
      if (reference !== this.reference) return;
      announce(words);
      // The button stays the same, and keeps the focus.
      if (stop.isConnected) this.outcome.querySelector(".progress").replaceWith(progressLine(words));
      else show(progressLine(words), stop);
    };
    let problem = null;
    const result = await withProgress(this.outcome, "Sending…",
      (show) => sendUntilDone(this.state.id, reference, AbortSignal.any([this.signal, stopping.signal]), (words) => report(words, show)),
      { buttons: this.buttons, failed: (error) => { problem = error; } });
    if (reference !== this.reference || this.signal.aborted) return;
    // A failed send may also have sent something.
    await this.read();
    if (result) this.showResult(result, false);
    else if (problem) this.fail(problem);
    else fill(this.outcome, h("p", { class: "notice" }, "You stopped waiting. What was sent is kept. Press Send to continue; otherwise, the timer "
      + "finishes the send within some minutes."));
    this.changed();
  }

  showResult(result, isDryRun) {
    const records = new Map(recordsOf(result).map((one) => [one.id, one]));
    Object.assign(this, { result: { ...result, records }, isDryRun });
    if (this.syncState) this.take(this.syncState);
    fill(this.outcome, resultSummary(result, isDryRun, this.state.id), !isDryRun && result.status === "succeeded" && this.state.saved.aha.api_token_set
      ? h("p", { class: "hint" }, "To see a state reach Aha!, change it in Azure DevOps and return to this page.") : null);
    this.result = null;
    announce(this.outcome.querySelector("strong").textContent);
  }

  /** A link was created (`syncState`: the feature's new state) or removed (null). */
  async linkChanged(syncState, words) {
    if (syncState) this.take(syncState);
    else await this.read();
    fill(this.outcome, doneLine(words));
    announce(words);
    goTo(this.title);
    this.changed();
  }
}
