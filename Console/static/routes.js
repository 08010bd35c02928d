// Reads the page's address. No input or output.
const EARLIER_NAMES = { send: "features" };

/** The view that an address such as #/i/fabrikam-web/log?level=error or #/i/fabrikam-web/features/PROD-1 names. */
export function routeOf(hash) {
  const [, kind, id, view = "setup", item = ""] = hash.replace(/^#/, "").split("?")[0].split("/").map(decoded);
  if (kind === "new") return { name: "editor", id: null, view: "setup" };
  if (kind === "i" && id) return { name: "editor", id, view: EARLIER_NAMES[view] ?? view, item };
  return { name: "list" };
}

/** The address with the current name of a view. */
export const presentAddress = (hash) => hash.replace(/^(#\/i\/[^/?]+\/)([a-z]+)(?=$|[/?])/, (whole, start, view) => start + (EARLIER_NAMES[view] ?? view));

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A part of the address is missing.
  }
}
