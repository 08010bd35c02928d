/** Everything that a panel shows, as texts and values. The view only renders it. */

import type { Problem } from "./answer.ts";
import type { Panel } from "./panel.ts";
import type { Reference } from "./reference.ts";
import { checkSentence, countOf, sendSentence } from "./resultWords.ts";
import { rowsOf, type Row } from "./rows.ts";
import { progressOf, type Progress } from "./sendResult.ts";
import type { SyncState } from "./syncState.ts";

export type ButtonAction = "send" | "check" | "refresh";

export interface Button {
  readonly action: ButtonAction;
  readonly label: string;
}

export interface PanelWords {
  /** One sentence on the whole feature. */
  readonly status: string;
  readonly isBusy: boolean;
  /** When the feature was last sent: ISO 8601; empty if never. */
  readonly lastSentAt: string;
  /** Why the last request failed; null if it did not. */
  readonly alert: Alert | null;
  /** Null unless the amount to send is known. */
  readonly progress: Progress | null;
  readonly rows: readonly Row[];
  /** What is not in the rows of a requirement's panel; empty if nothing is left out. */
  readonly others: string;
  readonly buttons: readonly Button[];
}

export interface Alert {
  readonly lines: readonly string[];
  /** Finds the request in the integration log; empty if there is none. */
  readonly operationId: string;
}

const NOT_CONFIGURED = "Azure DevOps is not set up here.";
const WHO_SETS_IT = "An account administrator can change this in Settings ⚙ → Account → Extensions.";

/** What the panel of a feature or of a requirement shows. */
export function describePanel(panel: Panel, reference: Reference): PanelWords {
  const isBusy = panel.activity !== "idle";
  if (panel.faults.length > 0) {
    return {
      status: NOT_CONFIGURED,
      isBusy,
      lastSentAt: "",
      alert: { lines: [...panel.faults, WHO_SETS_IT], operationId: "" },
      progress: null,
      rows: [],
      others: "",
      buttons: [{ action: "refresh", label: "Try again" }],
    };
  }
  const all = rowsOf(panel);
  const rows = reference.isRequirement ? all.filter((row, index) => index === 0 || row.reference === reference.text) : all;
  return {
    status: statusOf(panel, reference),
    isBusy,
    lastSentAt: panel.syncState?.feature.lastSentAt ?? "",
    alert: panel.problem === null ? null : alertOf(panel.problem),
    progress: panel.activity === "sending" && panel.outcome !== null ? progressOf(panel.outcome.result) : null,
    rows,
    others: othersOf(all, rows, reference),
    buttons: buttonsOf(panel),
  };
}

function alertOf(problem: Problem): Alert {
  return { lines: [problem.detail], operationId: problem.operationId };
}

function statusOf(panel: Panel, reference: Reference): string {
  switch (panel.activity) {
    case "sending":
      return sendingStatus(panel, reference);
    case "checking":
      return "Checking what a send would do. Nothing is changed.";
    case "reading":
      return panel.syncState === null ? "Asking Azure DevOps …" : idleStatus(panel) + " Refreshing …";
    case "idle":
      return idleStatus(panel);
  }
}

function sendingStatus(panel: Panel, reference: Reference): string {
  const what = reference.isRequirement ? `Sending ${reference.feature} with its requirements` : "Sending to Azure DevOps";
  if (panel.obstacle !== null) return `${what}. Waiting: ${panel.obstacle.detail}`;
  if (panel.outcome === null) return `${what} …`;
  const { done, total } = progressOf(panel.outcome.result);
  return `${what}: ${done} of ${total} records and files done …`;
}

function idleStatus(panel: Panel): string {
  if (panel.outcome !== null) {
    return panel.outcome.of === "check" ? checkSentence(panel.outcome.result) : sendSentence(panel.outcome.result);
  }
  if (panel.syncState !== null) return syncStateSentence(panel.syncState);
  return panel.problem === null ? "" : "The state of this feature is not known.";
}

function syncStateSentence({ feature, requirements }: SyncState): string {
  if (feature.difference === "not_sent" && feature.workItem === null) return "Not sent to Azure DevOps.";
  const open = [feature, ...requirements].filter((record) => record.difference !== "none").length;
  return open === 0 ? "Sent. Everything is up to date." : `Sent. ${countOf(open, "record")} not up to date.`;
}

function othersOf(all: readonly Row[], shown: readonly Row[], { feature }: Reference): string {
  const others = all.filter((row) => !shown.includes(row));
  if (others.length === 0) return "";
  const failed = others.filter((row) => row.errors.length > 0).length;
  const errors = failed === 0 ? "" : ` ${countOf(failed, "of them", "of them")} with an error.`;
  return `${countOf(others.length, "other requirement")} of ${feature}.${errors}`;
}

function buttonsOf(panel: Panel): Button[] {
  const wasSent = panel.syncState?.feature.workItem != null || panel.outcome?.of === "send";
  return [
    { action: "send", label: wasSent ? "Send again" : "Send to Azure DevOps" },
    { action: "check", label: "Check" },
    { action: "refresh", label: "Refresh" },
  ];
}
