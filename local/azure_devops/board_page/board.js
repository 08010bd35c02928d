"use strict";

const COLUMNS = ["Proposed", "InProgress", "Resolved", "Completed", "Removed"];
const NAMES = { Proposed: "Proposed", InProgress: "In progress", Resolved: "Resolved", Completed: "Completed", Removed: "Removed" };
const POLL_MILLISECONDS = 2000;

let shown = "";
let isEditing = false;
const errors = new Map();
const focused = Number((location.pathname.match(/\/_workitems\/edit\/(\d+)$/) || [])[1] || 0);
let hasScrolled = false;

const $ = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

async function change(card, fields) {
  errors.delete(card.id);
  try {
    const response = await fetch("/_board/edit", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ id: card.id, fields }),
    });
    const answer = await response.json();
    if (!response.ok) errors.set(card.id, answer.error);
  } catch {
    errors.set(card.id, "The sandbox does not answer.");
  }
  isEditing = false;
  await refresh(true);
}

function titleOf(card) {
  const title = element("textarea", { className: "title", id: `title-${card.id}`, value: card.title, rows: 1, maxLength: 300, ariaLabel: `Title of work item ${card.id}` });
  title.addEventListener("focus", () => { isEditing = true; });
  title.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); title.blur(); }
    if (event.key === "Escape") { title.value = card.title; title.blur(); }
  });
  title.addEventListener("blur", () => {
    isEditing = false;
    if (title.value !== card.title) change(card, { "System.Title": title.value });
  });
  return title;
}

function statesOf(card) {
  const select = element("select", { id: `state-${card.id}`, ariaLabel: `State of work item ${card.id}` });
  for (const state of card.states) {
    select.append(element("option", { value: state.name, textContent: state.name, selected: state.name === card.state }));
  }
  select.addEventListener("change", () => change(card, { "System.State": select.value }));
  return select;
}

function showDescription(card) {
  $("description-title").textContent = `${card.type} ${card.id}: ${card.title}`;
  $("description-frame").src = `/_board/descriptions/${card.id}`;
  $("description").showModal();
}

function linksOf(card) {
  const list = element("ul", { className: "links" });
  for (const file of card.attachments) {
    list.append(element("li", {}, "File: ", element("a", { href: file.href, textContent: file.name }), ` ${size(file.size)}`));
  }
  for (const url of card.links) {
    const isWeb = /^https?:\/\//.test(url);
    list.append(element("li", {}, "Link: ", isWeb ? element("a", { href: url, rel: "noreferrer", target: "_blank", textContent: url }) : url));
  }
  return list.childElementCount ? list : null;
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
}

function cardOf(card) {
  const article = element("article", { className: "card", id: `item-${card.id}` });
  article.style.borderLeftColor = `#${card.color}`;
  if (card.id === focused) article.classList.add("focus");
  const meta = element("p", { className: "meta" },
    element("span", { className: "kind", textContent: card.type }),
    element("a", { href: card.page, textContent: `#${card.id}` }),
    element("span", { textContent: card.area }),
    element("span", { textContent: `rev ${card.rev}`, title: `changed by ${card.changed_by} at ${card.changed_at}` }));
  if (card.parent) meta.append(element("a", { href: `#item-${card.parent}`, textContent: `parent #${card.parent}` }));
  if (card.children.length) meta.append(element("span", {}, "children ", ...commas(card.children)));
  const row = element("div", { className: "row" }, statesOf(card));
  if (card.has_description) {
    const button = element("button", { type: "button", textContent: "Description" });
    button.addEventListener("click", () => showDescription(card));
    row.append(button);
  }
  article.append(meta, titleOf(card), row);
  const links = linksOf(card);
  if (links) article.append(links);
  if (errors.has(card.id)) article.append(element("p", { className: "error", role: "alert", textContent: errors.get(card.id) }));
  return article;
}

function commas(ids) {
  return ids.flatMap((id, at) => [at ? ", " : "", element("a", { href: `#item-${id}`, textContent: `#${id}` })]);
}

function showBoard(cards) {
  const columns = COLUMNS.map((category) => {
    const members = cards.filter((card) => card.category === category);
    if (!members.length && (category === "Removed" || category === "Resolved")) return null;
    const heading = element("h2", {}, NAMES[category], element("span", { textContent: String(members.length) }));
    const body = members.length ? members.map(cardOf) : [element("p", { className: "empty", textContent: "No work items." })];
    return element("div", { className: "column" }, heading, ...body);
  });
  $("board").replaceChildren(...columns.filter(Boolean));
}

function showDeliveries(state) {
  const hooks = state.subscriptions.map((one) => `${one.event_type} (${one.status})`).join(", ");
  $("subscriptions").textContent = hooks ? `Subscriptions: ${hooks}` : "No subscription yet.";
  $("deliveries").replaceChildren(...state.deliveries.map((one) => {
    const isFine = one.status >= 200 && one.status < 300;
    const status = one.status === null ? one.error : String(one.status);
    return element("tr", {},
      element("td", { textContent: one.event_type }),
      element("td", { textContent: one.work_item_id === null ? "test" : `#${one.work_item_id}` }),
      element("td", { textContent: one.notification }),
      element("td", { textContent: one.attempt }),
      element("td", { className: "answer" }, element("span", { className: isFine ? "" : "failed", textContent: status }), ` ${one.answer}`),
      element("td", { textContent: `${one.milliseconds} ms` }));
  }));
}

async function refresh(isForced = false) {
  let text;
  try {
    const response = await fetch("/_board/state");
    text = await response.text();
    $("connection").textContent = "";
  } catch {
    $("connection").textContent = "The sandbox does not answer; trying again.";
    return;
  }
  if (isEditing || (text === shown && !isForced)) return;
  shown = text;
  const state = JSON.parse(text);
  const held = document.activeElement?.tagName === "SELECT" ? document.activeElement.id : "";
  showBoard(state.work_items);
  if (held && $(held)) $(held).focus();
  showDeliveries(state);
  const target = focused && $(`item-${focused}`);
  if (target && !hasScrolled) { hasScrolled = true; target.scrollIntoView({ block: "center" }); }
}

$("close").addEventListener("click", () => $("description").close());
refresh();
setInterval(refresh, POLL_MILLISECONDS);
