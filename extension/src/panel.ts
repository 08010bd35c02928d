/** The state of a feature's panel, and how events change it. */

import type { Answer, Problem } from "./answer.ts";
import type { SendingState } from "./sending.ts";
import type { SendResult } from "./sendResult.ts";
import type { Standing } from "./standing.ts";

export type Activity = "idle" | "reading" | "sending" | "checking";

/** What the last send or check brought. */
export interface Outcome {
  readonly of: "send" | "check";
  readonly result: SendResult;
}

export interface Panel {
  readonly activity: Activity;
  /** How the feature stood when it was last read; null before that. */
  readonly standing: Standing | null;
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
      /** Whether what the last send brought is still shown. */
      readonly keepsOutcome: boolean;
    }
  | { readonly kind: "progress"; readonly state: SendingState }
  | { readonly kind: "ended"; readonly answer: Answer };

export const NEW_PANEL: Panel = {
  activity: "idle",
  standing: null,
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
    case "standing":
      return { ...panel, standing: answer.standing };
    case "result":
      return { ...panel, outcome: { of: panel.activity === "checking" ? "check" : "send", result: answer.result } };
    case "problem":
      // A send's own problem says more than that of the reading after it.
      return panel.activity === "reading" && panel.problem !== null ? panel : { ...panel, problem: answer.problem };
    case "not_configured":
      return { ...panel, faults: answer.faults };
  }
}
