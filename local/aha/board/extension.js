/** Runs the extension's views and commands as Aha!'s page does, with a stand-in for what Aha! gives to them. */

import { post, text } from "./page.js";

const TYPENAMES = { feature: "Feature", requirement: "Requirement" };
const base = "/_board/extension";
const contributions = new Map();

/** What the extension sees as the global `aha`; aha-cli's aha.d.ts has the whole of it. */
function standIn(packages, say) {
  const fieldAt = (extension, name) => `${base}/fields/${encodeURIComponent(extension)}/${encodeURIComponent(name)}`;
  return {
    on: (name, run) => contributions.set(name, run),
    import: (name) => packages[name],
    commandOutput: say,
    triggerServer: (event, args) => void post(`${base}/trigger`, { event, args }),
    account: {
      getExtensionField: async (extension, name) => (await (await fetch(fieldAt(extension, name))).json()).value,
      clearExtensionField: async (extension, name) => void (await fetch(fieldAt(extension, name), { method: "DELETE" })),
    },
  };
}

/** Load the extension, if it was built, and show its views of a record and its record actions. */
export async function showExtension(referenceNum, kind, say) {
  const answer = await fetch(`${base}/manifest`);
  if (!answer.ok) return;
  const { identifier, views, commands, settings } = await answer.json();
  await load(`${base}/packages/react.js`);
  await load(`${base}/packages/react-dom.js`);
  window.aha = standIn({ react: window.React, "react-dom": window.ReactDOM }, say);
  const record = { typename: TYPENAMES[kind], referenceNum };
  const context = { identifier, settings };
  for (const [name, view] of Object.entries(views)) {
    if (view.host === "attribute" && view.recordTypes.includes(record.typename)) {
      await load(`${base}/scripts/${name}.js`);
      window.ReactDOM.render(contributions.get(name)({ record, fields: {} }, context), viewElement(view.title));
    }
  }
  const actions = document.getElementById("actions");
  for (const [name, command] of Object.entries(commands)) {
    await load(`${base}/scripts/${name}.js`);
    const button = text("button", command.title);
    button.addEventListener("click", () => {
      actions.open = false;
      contributions.get(name)({ record }, context);
    });
    actions.querySelector("div").append(button);
    actions.hidden = false;
  }
}

function viewElement(title) {
  const card = document.createElement("section");
  card.className = "card";
  const place = document.createElement("div");
  card.append(text("h2", title), place);
  document.getElementById("views").append(card);
  return place;
}

function load(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${url} was not loaded`));
    document.head.append(script);
  });
}
