import React from "react";

import { FEATURE_SENT } from "../identifiers.ts";
import { panelStoreOf, type PanelStore } from "../panelStore.ts";
import { describePanel } from "../panelWords.ts";
import { readReference, type Reference } from "../reference.ts";
import { WorkItemsPanel } from "./WorkItemsPanel.tsx";

// A record action is another script in the same page.
window.addEventListener(FEATURE_SENT, (event) => {
  const reference = readReference((event as CustomEvent<unknown>).detail);
  if (reference !== null) void panelStoreOf(reference.feature).refresh();
});

function usePanel(store: PanelStore) {
  const [panel, setPanel] = React.useState(store.panel);
  React.useEffect(() => {
    const update = () => setPanel(store.panel);
    update();
    const unsubscribe = store.subscribe(update);
    void store.open();
    return unsubscribe;
  }, [store]);
  return panel;
}

function WorkItems({ reference }: { readonly reference: Reference }) {
  const store = panelStoreOf(reference.feature);
  return <WorkItemsPanel words={describePanel(usePanel(store), reference)} onPress={(action) => void store[action]()} />;
}

aha.on("workItems", ({ record }) => {
  const reference = readReference(record?.referenceNum);
  if (reference === null) return <p>Azure DevOps takes features and requirements only.</p>;
  // With another record, the view starts again.
  return <WorkItems key={reference.text} reference={reference} />;
});
