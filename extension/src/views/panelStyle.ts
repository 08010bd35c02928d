export const PANEL_CLASS = "aha-azure-devops-work-items";

/**
 * Colours come from the page: text inherits its colour, and lines and fills are mixed from it. So the panel is legible
 * on light and dark backgrounds, and no meaning depends on colour alone.
 */
export const PANEL_STYLE = `
.${PANEL_CLASS} { display: block; line-height: 1.45; overflow-wrap: anywhere; }
.${PANEL_CLASS} p { margin: 0 0 4px; }
.${PANEL_CLASS} [role="status"] { font-weight: 600; }
.${PANEL_CLASS} progress { width: 100%; margin: 4px 0; accent-color: currentColor; }
.${PANEL_CLASS} .buttons { display: flex; flex-wrap: wrap; gap: 8px; margin: 10px 0 12px; }
.${PANEL_CLASS} button {
  font: inherit; color: inherit; cursor: pointer; padding: 3px 12px; border-radius: 6px; min-height: 32px;
  background: transparent; border: 1px solid color-mix(in srgb, currentColor 50%, transparent);
}
.${PANEL_CLASS} button.main {
  background: color-mix(in srgb, currentColor 12%, transparent); border-color: currentColor; font-weight: 600;
}
.${PANEL_CLASS} button:hover { background: color-mix(in srgb, currentColor 18%, transparent); }
.${PANEL_CLASS} button[aria-disabled="true"] { cursor: default; border-style: dashed; background: transparent; }
.${PANEL_CLASS} :focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.${PANEL_CLASS} ul { list-style: none; margin: 0; padding: 0; max-height: min(70vh, 640px); overflow-y: auto; }
.${PANEL_CLASS} li { position: relative; padding: 8px 0 6px; border-top: 1px solid color-mix(in srgb, currentColor 16%, transparent); }
.${PANEL_CLASS} li:not(:first-child) { padding-left: 12px; }
.${PANEL_CLASS} a { color: inherit; text-decoration: underline; text-underline-offset: 2px; }
.${PANEL_CLASS} .facts { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: center; }
.${PANEL_CLASS} .state {
  padding: 0 8px; border-radius: 10px; font-size: 0.9em; font-weight: 600;
  background: color-mix(in srgb, currentColor 10%, transparent);
}
.${PANEL_CLASS} .symbol { display: inline-block; min-width: 1em; font-weight: 700; }
.${PANEL_CLASS} .aside { font-size: 0.92em; }
.${PANEL_CLASS} .error {
  border-left: 3px solid currentColor; border-radius: 3px; padding: 4px 10px; margin: 6px 0;
  background: color-mix(in srgb, currentColor 6%, transparent);
}
.${PANEL_CLASS} .error p:last-child { margin-bottom: 0; }
.${PANEL_CLASS} .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;
