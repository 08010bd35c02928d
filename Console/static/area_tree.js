// The areas of a project as a tree that can be searched. Only the rows of open nodes are rendered, so that the tree
// stays fast with thousands of areas. Keys as in https://www.w3.org/WAI/ARIA/apg/patterns/treeview/.
import { fill, h } from "./dom.js";

const MOST_ROWS = 400;

/** A search field and a tree. `areas` are paths such as Fabrikam\Web, the project's own first. */
export function areaTree(areas, chosen, onchoose, { id, labelledBy }) {
  const nodes = nodesOf(areas);
  const open = new Set(ancestors(chosen || areas[0]).concat(areas[0]));
  const tree = h("div", { class: "tree", role: "tree", id, "aria-labelledby": labelledBy });
  const note = h("p", { class: "small", role: "status" });
  let active = nodes.has(chosen) ? chosen : areas[0];
  let wanted = "";

  const rows = () => (wanted ? found() : visible(areas[0]));
  const visible = (path) => [path, ...(open.has(path) ? nodes.get(path).children.flatMap(visible) : [])];
  const found = () => areas.filter((path) => path.toLowerCase().includes(wanted));

  const show = (isFocusWanted = false) => {
    const all = rows();
    const shown = all.slice(0, MOST_ROWS);
    if (!shown.includes(active)) active = shown[0];
    fill(tree, shown.map(row));
    const words = wanted ? `${all.length} of ${areas.length} areas` : `${areas.length} areas`;
    fill(note, all.length > shown.length ? `${words}; the first ${MOST_ROWS} are shown. Search for the others.` : `${words}.`);
    const current = tree.querySelector('[tabindex="0"]');
    if (isFocusWanted) current?.focus();
  };

  const row = (path) => {
    const { name, level, children } = nodes.get(path);
    const isOpen = open.has(path);
    const item = h("div", {
      role: "treeitem", class: "tree-row", tabindex: path === active ? 0 : -1, title: path,
      "aria-level": wanted ? 1 : level, "aria-selected": String(path === chosen),
      "aria-expanded": children.length && !wanted ? String(isOpen) : null,
      onclick: (event) => (event.target.closest(".twisty") ? toggle(path) : choose(path)),
    },
      h("span", { class: children.length && !wanted ? "twisty" : "twisty is-leaf", "aria-hidden": "true" }),
      h("span", {}, wanted ? path : name));
    item.style.setProperty("--level", String(wanted ? 0 : level - 1));
    item.dataset.path = path;
    return item;
  };

  const choose = (path) => {
    chosen = active = path;
    onchoose(path);
    show(true);
  };
  const toggle = (path) => {
    if (!open.delete(path)) open.add(path);
    active = path;
    show(true);
  };
  const move = (path) => {
    if (!path) return;
    active = path;
    for (const item of tree.children) item.tabIndex = item.dataset.path === path ? 0 : -1;
    const item = [...tree.children].find((one) => one.dataset.path === path);
    item?.focus();
  };
  const keys = {
    ArrowDown: (shown, at) => move(shown[at + 1]),
    ArrowUp: (shown, at) => move(shown[at - 1]),
    Home: (shown) => move(shown[0]),
    End: (shown) => move(shown.at(-1)),
    ArrowRight: (shown, at) => {
      if (wanted || !nodes.get(active).children.length) return;
      if (open.has(active)) move(shown[at + 1]);
      else toggle(active);
    },
    ArrowLeft: () => {
      if (wanted) return;
      if (open.has(active) && nodes.get(active).children.length) toggle(active);
      else move(nodes.get(active).parent);
    },
    Enter: () => choose(active),
    " ": () => choose(active),
  };
  tree.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const shown = [...tree.children].map((item) => item.dataset.path);
    act(shown, shown.indexOf(active));
  });
  const search = h("input", {
    type: "search", placeholder: "Search areas", "aria-label": "Search areas", "aria-controls": id, autocomplete: "off",
    oninput: () => {
      wanted = search.value.trim().toLowerCase();
      show();
    },
    onkeydown: (event) => {
      if (event.key !== "ArrowDown" && event.key !== "Enter") return;
      event.preventDefault();
      move(tree.firstElementChild?.dataset.path);
    },
  });
  show();
  return h("div", { class: "tree-box" }, search, tree, note);
}

function nodesOf(areas) {
  const nodes = new Map();
  for (const path of areas) {
    const parent = path.includes("\\") ? path.slice(0, path.lastIndexOf("\\")) : null;
    nodes.set(path, { name: path.slice((parent?.length ?? -1) + 1), level: path.split("\\").length, parent, children: [] });
    nodes.get(parent)?.children.push(path);
  }
  return nodes;
}

const ancestors = (path) => path.split("\\").slice(0, -1).map((_, at, names) => names.slice(0, at + 1).join("\\"));
