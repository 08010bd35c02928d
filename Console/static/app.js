// Show the view that the address names.
import { fill, h } from "./dom.js";
import { showEditor } from "./editor.js";
import { forgetKey, storedKey } from "./key.js";
import { showList } from "./list.js";
import { progressLine } from "./progress.js";
import { presentAddress, routeOf } from "./routes.js";

const content = document.getElementById("content");
const forget = document.getElementById("forget-key");
let leave = () => {};
let shownFor = null;

async function show({ isSamePlace = false } = {}) {
  const isFirst = shownFor === null;
  history.replaceState(null, "", presentAddress(location.hash));
  shownFor = location.hash;
  leave();
  leave = () => {};
  const place = isSamePlace ? content.firstElementChild : h("div", { class: "view" }, progressLine("Loading…"));
  if (!isSamePlace) fill(content, place);
  const route = routeOf(location.hash);
  leave = (await (route.name === "list" ? showList(place) : showEditor(place, route))) ?? (() => {});
  forget.hidden = !storedKey();
  if (isFirst || isSamePlace) return;
  if (!content.contains(document.activeElement)) content.focus({ preventScroll: true });
  scrollTo(0, 0);
}

addEventListener("hashchange", () => {
  if (location.hash !== shownFor) show();
});
// A view changed its own address, and already shows it.
addEventListener("readdressed", () => {
  shownFor = location.hash;
});
// The whole state of an integration was replaced: it was saved, discarded or merged.
addEventListener("redraw", () => show({ isSamePlace: true }));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  content.focus();
});
forget.addEventListener("click", forgetKey);
show();
