// One integration: its title, its views and the save bar.
import { showAhaSend } from "./aha_send.js";
import { fill, forReaders, h } from "./dom.js";
import { showFeatures } from "./features.js";
import { showHook } from "./hook.js";
import { stateOf } from "./list.js";
import { showLog } from "./log.js";
import { problemBox } from "./progress.js";
import { saveBar } from "./save.js";
import { showSetUp } from "./setup.js";
import { stateFor } from "./state.js";

const VIEWS = {
  setup: ["Set up", showSetUp], hook: ["Service hook", showHook], aha: ["Let Aha! send", showAhaSend],
  features: ["Features", showFeatures], log: ["Log", showLog],
};

export async function showEditor(place, route) {
  let state;
  try {
    state = await stateFor(route.id);
  } catch (error) {
    fill(place, back(), h("h1", {}, route.id), problemBox(error, () => showEditor(place, route)));
    return undefined;
  }
  const stopWatching = state.watch();
  const view = VIEWS[route.view] ? route.view : "setup";
  const [title, render] = VIEWS[view];
  const body = h("div", { class: "view-body" });
  document.title = `${title} · ${state.saved?.name ?? "New integration"} · Aha! to Azure DevOps`;
  fill(place, back(), heading(state, view), body);
  const leave = render(body, state, route.item);
  if (view === "setup") body.querySelector("form").append(...saveBar(state, body));
  return () => {
    stopWatching();
    leave?.();
  };
}

const back = () => h("p", { class: "back" }, h("a", { href: "#/" }, h("span", { "aria-hidden": "true" }, "← "), "All integrations"));

function heading(state, view) {
  if (state.isNew) {
    return [h("div", { class: "heading" }, h("h1", {}, "New integration")),
      h("p", { class: "lead" }, "Seven steps. You can save at any time and continue later.")];
  }
  const badge = h("span", {});
  const showState = () => {
    const { word, kind } = stateOf(state.saved);
    badge.className = `badge ${kind}`;
    fill(badge, forReaders("State: "), word);
  };
  showState();
  state.on("health", showState);
  const address = `#/i/${encodeURIComponent(state.id)}`;
  return [
    h("div", { class: "heading" }, h("h1", { dir: "auto", title: state.saved.name }, state.saved.name), badge),
    h("nav", { class: "tabs", "aria-label": "Views of the integration" }, Object.entries(VIEWS).map(([name, [title]]) =>
      h("a", { href: name === "setup" ? address : `${address}/${name}`, "aria-current": name === view ? "page" : null }, title,
        name === "setup" && view !== "setup" && state.isDirty ? h("span", { class: "chip" }, "unsaved") : null))),
  ];
}
