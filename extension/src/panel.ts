/** The state of a feature's panel, and how events change it. */

import type { Answer, Problem } from "./answer.ts";
import type { SendingState } from "./sending.ts";
import type { SendResult } from "./sendResult.ts";
import type { SyncState } from "./syncState.ts";

export type Activity = "idle" | "reading" | "sending" | "checking";

/** The result of the last send or check. */
export interface Outcome {
  readonly of: "send" | "check";
  readonly result: SendResult;
}

export interface Panel {
  readonly activity: Activity;
  /** The feature's sync state when it was last read; null before that. */
  readonly syncState: SyncState | null;
  readonly outcome: Outcome | null;
  /** Why the last request failed as a whole. */
  readonly problem: Problem | null;
  /** What a running send waits for. */
  readonly obstacle: Problem | null;
  /** What the function app's administrator has to set first. */
  readonly faults: readonly string[];
}

export type PanelEvent =
  | {
      readonly kind: "started";
      readonly activity: Exclude<Activity, "idle">;
      /** Whether the result of the last send is still shown. */
      readonly keepsOutcome: boolean;
    }
  | { readonly kind: "progress"; readonly state: SendingState }
  | { readonly kind: "ended"; readonly answer: Answer };

export const NEW_PANEL: Panel = {
  activity: "idle",
  syncState: null,
  outcome: null,
  problem: null,
  obstacle: null,
  faults: [],
};

export function changePanel(panel: Panel, event: PanelEvent): Panel {
  switch (event.kind) {
    case "started": {
      const kept = event.keepsOutcome ? {} : { outcome: null, problem: null };
      return { ...panel, ...kept, activity: event.activity, faults: [] };
    }
    case "progress": {
      const { result, obstacle } = event.state;
      return { ...panel, obstacle, outcome: result === null ? panel.outcome : { of: "send", result } };
    }
    case "ended":
      return { ...end(panel, event.answer), activity: "idle", obstacle: null };
  }
}

function end(panel: Panel, answer: Answer): Panel {
  switch (answer.kind) {
    case "sync_state":
      return { ...panel, syncState: answer.syncState };
    case "result":
      return { ...panel, outcome: { of: panel.activity === "checking" ? "check" : "send", result: answer.result } };
    case "problem":
      // The problem of a send is more useful than that of the read after it.
      return panel.activity === "reading" && panel.problem !== null ? panel : { ...panel, problem: answer.problem };
    case "not_configured":
      return { ...panel, faults: answer.faults };
  }
}
