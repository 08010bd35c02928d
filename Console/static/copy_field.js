// A text to copy, with its button.
import { announce, button, fill, h } from "./dom.js";

/** `shown` is the text in the field, if it differs from the copied text; `title` is the id of the field's label. */
export function copyField(text, { title, announced, shown = text }) {
  const input = h("input", { type: "text", readonly: true, value: shown, "aria-labelledby": title, class: "code", onfocus: () => input.select() });
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // The browser may not allow the clipboard; this older call copies the selected text.
      input.value = text;
      input.select();
      document.execCommand("copy");
      input.value = shown;
    }
    fill(copy, "Copied");
    announce(announced);
    setTimeout(() => fill(copy, "Copy"), 2000);
  });
  return h("div", { class: "with-copy" }, input, copy);
}
