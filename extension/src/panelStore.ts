/** One panel state for each feature, so that all its views show the same, also when they are opened again. */

import { callServer, waitSeconds } from "./mailbox.ts";
import { changePanel, NEW_PANEL, type Activity, type Panel, type PanelEvent } from "./panel.ts";
import { sendUntilDone } from "./sending.ts";

/** When a view opens, an older answer is requested again. Each request counts towards Aha!'s shared limit. */
const FRESH_MILLISECONDS = 30_000;

export class PanelStore {
  readonly feature: string;
  panel: Panel = NEW_PANEL;
  private readAt = 0;
  private readonly listeners = new Set<() => void>();

  constructor(feature: string) {
    this.feature = feature;
  }

  /** Calls the listener after each change; returns a function that stops this. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Reads the feature's sync state, unless it is already known. */
  async open(): Promise<void> {
    if (Date.now() - this.readAt > FRESH_MILLISECONDS) await this.refresh();
  }

  /** Reads the feature's sync state. */
  async refresh(): Promise<void> {
    if (this.start("reading")) await this.read();
  }

  /** Sends the feature until everything is sent, then reads its sync state. */
  async send(): Promise<void> {
    if (!this.start("sending")) return;
    const answer = await sendUntilDone({
      callSend: () => callServer("send", this.feature),
      wait: waitSeconds,
      report: (state) => this.change({ kind: "progress", state }),
    });
    this.change({ kind: "ended", answer });
    if (answer.kind === "result" && this.start("reading", true)) await this.read();
  }

  /** Asks what a send would do. */
  async check(): Promise<void> {
    if (!this.start("checking")) return;
    this.change({ kind: "ended", answer: await callServer("check", this.feature) });
  }

  private async read(): Promise<void> {
    const answer = await callServer("read", this.feature);
    if (answer.kind === "sync_state") this.readAt = Date.now();
    this.change({ kind: "ended", answer });
  }

  /** False if another action is running. */
  private start(activity: Exclude<Activity, "idle">, keepsOutcome = false): boolean {
    if (this.panel.activity !== "idle") return false;
    this.change({ kind: "started", activity, keepsOutcome });
    return true;
  }

  private change(event: PanelEvent): void {
    this.panel = changePanel(this.panel, event);
    for (const listener of this.listeners) listener();
  }
}

const stores = new Map<string, PanelStore>();

/** The store of a feature, by its reference. */
export function panelStoreOf(feature: string): PanelStore {
  const known = stores.get(feature);
  if (known !== undefined) return known;
  const made = new PanelStore(feature);
  stores.set(feature, made);
  return made;
}
