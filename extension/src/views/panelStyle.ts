export const PANEL_CLASS = "aha-azure-devops-work-items";

/**
 * Colours come from the page: text inherits its colour, lines and fills are shares of it. So the panel is legible on
 * any background, light or dark, and no meaning rests on a colour.
 */
export const PANEL_STYLE = `
.${PANEL_CLASS} { display: block; padding: 4px 7px; line-height: 1.4; overflow-wrap: anywhere; }
.${PANEL_CLASS} p { margin: 0 0 4px; }
.${PANEL_CLASS} progress { width: 100%; margin: 0 0 4px; accent-color: currentColor; }
.${PANEL_CLASS} .buttons { display: flex; flex-wrap: wrap; gap: 6px; margin: 4px 0 8px; }
.${PANEL_CLASS} button {
  font: inherit; color: inherit; cursor: pointer; padding: 3px 10px; border-radius: 4px; min-height: 28px;
  background: transparent; border: 1px solid color-mix(in srgb, currentColor 55%, transparent);
}
.${PANEL_CLASS} button.main { background: color-mix(in srgb, currentColor 10%, transparent); font-weight: 600; }
.${PANEL_CLASS} button:hover { background: color-mix(in srgb, currentColor 16%, transparent); }
.${PANEL_CLASS} button[aria-disabled="true"] { cursor: default; border-style: dashed; background: transparent; }
.${PANEL_CLASS} :focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.${PANEL_CLASS} ul { list-style: none; margin: 0; padding: 0; max-height: min(70vh, 640px); overflow-y: auto; }
.${PANEL_CLASS} li { padding: 6px 0 4px; border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
.${PANEL_CLASS} li:not(:first-child) { padding-left: 10px; }
.${PANEL_CLASS} a { color: inherit; text-decoration: underline; }
.${PANEL_CLASS} .symbol { display: inline-block; min-width: 1em; font-weight: 600; }
.${PANEL_CLASS} .aside { font-size: 0.92em; }
.${PANEL_CLASS} .error { border-left: 3px solid currentColor; padding-left: 7px; }
.${PANEL_CLASS} .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;
