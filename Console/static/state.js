// The state of an integration that is edited. Its draft is kept when another view is shown or the page is reloaded.
import { getIntegration } from "./api.js";
import { blank, differences, draftOf } from "./model.js";
import { undecided } from "./proposals.js";

const known = new Map();
const storageName = (id) => `draft:${id ?? ""}`;

/** The state of an integration; `id` null is a new one. Earlier unsaved changes are kept. Throws Problem. */
export async function stateFor(id) {
  const before = known.get(id);
  if (before?.isDirty || before?.isFresh) {
    before.isFresh = false;
    return before;
  }
  const answer = id === null ? null : await getIntegration(id);
  const state = new EditState(id, answer?.body ?? null, answer?.etag ?? null);
  known.set(id, state);
  return state;
}

/** Whether an integration has changes that are not saved; `id` null is a new one. */
export const isUnsaved = (id) => known.get(id)?.isDirty ?? sessionStorage.getItem(storageName(id)) !== null;

class EditState extends EventTarget {
  constructor(id, saved, etag) {
    super();
    this.id = id;
    this.newId = "";
    this.others = []; // The other integrations, once they are known.
    this.versions = { azure_devops: 0, aha: 0 }; // Incremented when the values of a running test are replaced.
    this.take(saved, etag);
    this.restore();
  }

  /** Sets the stored values, and starts the draft from them. `unseen` are the kinds whose proposals nobody has opened. */
  take(saved, etag, unseen = []) {
    this.versions = { azure_devops: this.versions.azure_devops + 1, aha: this.versions.aha + 1 };
    this.saved = saved;
    this.etag = etag;
    this.base = saved ? draftOf(saved) : blank();
    this.draft = structuredClone(this.base);
    this.typed = { pat: "", aha: "" };
    const ofKind = (kind) => ({ ...undecided(!this.base[kind].work_item_type), isUnseen: unseen.includes(kind) });
    this.choices = { feature: ofKind("feature"), requirement: ofKind("requirement") };
    this.account ??= null; // The results of a connection test: the account and its projects,
    this.project ??= null; // the chosen project's areas and types,
    this.aha ??= null; // and the Aha! account.
    this.checks ??= [];
    // The error of the last test: {pointer, error}. The pointer is null if the error is not about a single value.
    this.refused = { azure_devops: null, aha: null };
  }

  get isNew() {
    return this.saved === null;
  }

  get isDirty() {
    return Boolean(this.typed.pat || this.typed.aha) || differences(this.base, this.draft).length > 0;
  }

  /** Dispatches an event for the part that has changed: draft, account, project, aha or others. */
  changed(part) {
    if (part === "draft") this.keep();
    this.dispatchEvent(new Event(part));
    if (part !== "draft") this.dispatchEvent(new Event("draft"));
  }

  /** Listens while the view is shown that `watch` was called for. */
  on(parts, listener) {
    for (const part of parts.split(" ")) this.addEventListener(part, listener, { signal: this.watching.signal });
  }

  /** Starts listening. The returned function stops all listeners that `on` adds from now on. */
  watch() {
    this.watching?.abort();
    this.watching = new AbortController();
    const { watching } = this;
    return () => watching.abort();
  }

  /** Keeps the draft for this session of the browser; tokens are never kept. */
  keep() {
    const name = storageName(this.id);
    if (differences(this.base, this.draft).length) {
      const { draft, base, etag, newId, choices } = this;
      sessionStorage.setItem(name, JSON.stringify({ draft, base, etag, newId, choices },
        (_, value) => (value instanceof Set ? [...value] : value)));
    } else {
      sessionStorage.removeItem(name);
    }
  }

  /** Restores the draft after a reload, with the entity tag of the version that it started from. */
  restore() {
    const text = sessionStorage.getItem(storageName(this.id));
    if (!text) return;
    Object.assign(this, JSON.parse(text));
    for (const one of Object.values(this.choices)) one.decided = new Set(one.decided);
    this.isRestored = true;
  }

  /** Returns to the stored values. */
  discard() {
    // The test results may be those of another account than the stored one.
    Object.assign(this, { newId: "", account: null, project: null, aha: null });
    this.replace(this.saved, this.etag, "Your changes were discarded.");
  }

  /** Replaces the draft with the stored values, and renders the form again with a message. */
  replace(saved, etag, message, unseen = []) {
    known.delete(this.id);
    sessionStorage.removeItem(storageName(this.id));
    this.id = saved?.integration_id ?? null;
    this.isRestored = false;
    this.take(saved, etag, unseen);
    this.showAgain(message);
  }

  /** Continues with a draft that was merged from the stored and the typed values. */
  merge(saved, etag, draft, message = "The values were merged. Check them, then save.") {
    const { typed } = this;
    this.take(saved, etag);
    Object.assign(this, { draft, typed });
    this.keep();
    this.showAgain(message);
  }

  showAgain(message) {
    known.set(this.id, this);
    Object.assign(this, { message, isFresh: true });
    dispatchEvent(new Event("redraw"));
  }

  /** Forgets the draft. */
  forget() {
    known.delete(this.id);
    sessionStorage.removeItem(storageName(this.id));
    this.draft = structuredClone(this.base);
    this.typed = { pat: "", aha: "" };
  }
}

addEventListener("beforeunload", (event) => {
  if ([...known.values()].some((state) => state.isDirty)) event.preventDefault();
});
