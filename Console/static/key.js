// The function key. The page asks for it once, and keeps it only for the browser's session.
import { button, fill, h } from "./dom.js";

const NAME = "function-key";
let asking = null;

export const storedKey = () => sessionStorage.getItem(NAME) ?? "";

/** Forgets the key and all drafts, and starts over. */
export function forgetKey() {
  sessionStorage.clear();
  location.hash = "#/";
  location.reload();
}

/** Asks for the key, only once even if several requests wait for it. Resolves with the key. */
export function askForKey(isRefused) {
  asking ??= new Promise((resolve) => {
    const dialog = dialogFor(isRefused, (key) => {
      sessionStorage.setItem(NAME, key);
      dialog.close();
      dialog.remove();
      asking = null;
      resolve(key);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}

function dialogFor(isRefused, done) {
  const fault = h("p", { class: "fault", id: "key-fault" });
  const input = h("input", {
    id: "function-key", type: "password", autocomplete: "off", spellcheck: "false", "aria-describedby": "key-hint key-fault",
  });
  const refuse = (text) => {
    fill(fault, text);
    input.setAttribute("aria-invalid", "true");
    input.focus();
  };
  const form = h("form", { method: "dialog", onsubmit: (event) => {
    event.preventDefault();
    if (input.value.trim()) done(input.value.trim());
    else refuse("Enter the key.");
  } },
    h("h1", {}, "Function key"),
    h("p", { id: "key-hint" }, "This page needs a key of your function app. The browser keeps the key until you close this tab."),
    h("dl", { class: "facts" },
      h("dt", {}, "Where it runs in Azure"),
      h("dd", {}, "Open the function app in the Azure portal, then ", h("i", {}, "Functions → App keys"), ". Under ", h("i", {}, "Host keys"),
        ", copy the value of ", h("i", {}, "default"), ". If you cannot open the portal, ask the person who deployed the app."),
      h("dt", {}, "On your own machine"),
      h("dd", {}, h("code", {}, "python dev.py run"), " prints it as ", h("i", {}, "its function key"), ", below the address of this page.")),
    h("div", { class: "field" }, h("label", { for: "function-key" }, "Key"), input, fault),
    h("div", { class: "row" }, button("Continue", () => form.requestSubmit(), "primary")));
  const dialog = h("dialog", { class: "key", "aria-labelledby": "key-title", oncancel: (event) => event.preventDefault() }, form);
  form.querySelector("h1").id = "key-title";
  if (isRefused) {
    fill(fault, "The function app does not accept this key. Check that you copied all of it.");
    input.setAttribute("aria-invalid", "true");
  }
  return dialog;
}
