import React from "react";

import type { Alert, ButtonAction, PanelWords } from "../panelWords.ts";
import type { Row } from "../rows.ts";
import type { WorkItem } from "../syncState.ts";
import { PANEL_CLASS, PANEL_STYLE } from "./panelStyle.ts";

interface PanelProps {
  readonly words: PanelWords;
  readonly onPress: (action: ButtonAction) => void;
}

/** Uses plain HTML, so that keyboards and screen readers work with it, independent of Aha!'s components. */
export function WorkItemsPanel({ words, onPress }: PanelProps) {
  const { progress } = words;
  return (
    <section className={PANEL_CLASS} aria-label="Azure DevOps" aria-busy={words.isBusy}>
      <style>{PANEL_STYLE}</style>
      <p role="status">{words.status}</p>
      {words.lastSentAt && <p className="aside">Last sent {localTime(words.lastSentAt)}.</p>}
      {progress && <progress aria-label="Sent so far" value={progress.done} max={progress.total} />}
      {words.alert && <AlertBox alert={words.alert} />}
      <div className="buttons">
        {words.buttons.map(({ action, label }, index) => (
          <button
            key={action}
            type="button"
            className={index === 0 ? "main" : ""}
            // Not `disabled`, which would take the focus away from the button that was pressed.
            aria-disabled={words.isBusy}
            onClick={() => onPress(action)}
          >
            {label}
          </button>
        ))}
      </div>
      {words.rows.length > 0 && (
        <ul aria-label="Work items" tabIndex={0}>
          {words.rows.map((row) => (
            <RecordRow key={row.reference} row={row} />
          ))}
        </ul>
      )}
      {words.others && <p className="aside">{words.others}</p>}
    </section>
  );
}

function AlertBox({ alert }: { readonly alert: Alert }) {
  return (
    <div role="alert" className="error">
      {alert.lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {alert.operationId && <p className="aside">In the integration log: {alert.operationId}</p>}
    </div>
  );
}

function RecordRow({ row }: { readonly row: Row }) {
  return (
    <li>
      <p className="record">
        <b>{row.reference}</b> {row.name}
      </p>
      <p className="facts">
        {row.workItem && <WorkItemFacts workItem={row.workItem} />}
        <span>
          <span aria-hidden="true" className="symbol">
            {row.symbol}
          </span>{" "}
          {row.summary}
        </span>
      </p>
      {row.notes.map((note) => (
        <p key={note} className="aside">
          {note}
        </p>
      ))}
      {row.errors.map((error) => (
        <p key={error} className="error">
          <b>Error:</b> {error}
        </p>
      ))}
    </li>
  );
}

function WorkItemFacts({ workItem }: { readonly workItem: WorkItem }) {
  const name = `${workItem.type} ${workItem.id}`;
  return (
    <>
      {workItem.url === null ? (
        <span>{name}</span>
      ) : (
        <a href={workItem.url} target="_blank" rel="noopener noreferrer">
          {name}
          <span className="unseen"> (opens in a new tab)</span>
        </a>
      )}
      {workItem.state && (
        <span className="state">
          <span className="unseen">State: </span>
          {workItem.state}
        </span>
      )}
    </>
  );
}

function localTime(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : time.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
