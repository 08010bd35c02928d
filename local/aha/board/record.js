import { showExtension } from "./extension.js";
import { pollJson, post, text } from "./page.js";

const reference = decodeURIComponent(location.pathname.split("/")[2]);
const data = `/_board/data/records/${encodeURIComponent(reference)}`;
const byId = (id) => document.getElementById(id);
let shown = null;

const refresh = pollJson(data, (page, status) => {
  if (status !== 200) {
    say(`There is no record ${reference}.`);
    return;
  }
  const isFirst = shown === null;
  shown = page;
  show(page);
  if (isFirst) void showExtension(page.record.reference_num, page.kind, say);
});

function show({ record, kind, product, feature, statuses, requirements, integrations, send }) {
  document.querySelector("main").hidden = false;
  document.title = `${record.reference_num} ${record.name}`;
  byId("product").textContent = product;
  byId("reference").textContent = record.reference_num;
  showParent(kind, feature);
  if (document.activeElement !== byId("name")) byId("name").value = record.name;
  if (document.activeElement !== byId("status")) {
    byId("status").replaceChildren(...statuses.map((name) => new Option(name, name, false, name === record.workflow_status.name)));
  }
  showDescription(record.description.body);
  byId("files").replaceChildren(...[...record.attachments, ...record.description.attachments].map(fileElement));
  byId("requirements-card").hidden = kind !== "feature";
  byId("requirements").replaceChildren(...listOf(requirements.map(requirementElement), "No requirements."));
  byId("integrations").replaceChildren(...listOf(integrations.map(integrationElement), "No link yet."));
  showSend(send);
}

function showParent(kind, feature) {
  if (kind === "feature") return;
  const link = text("a", feature.reference_num);
  link.href = `/features/${feature.reference_num}`;
  byId("parent").replaceChildren(link);
}

/** In a frame that runs no script: a description may come from anywhere. */
function showDescription(html) {
  const style = "<meta name='color-scheme' content='light dark'><style>body{font:15px/1.6 system-ui,sans-serif;margin:0;overflow-wrap:anywhere}img{max-width:100%}</style>";
  const frame = byId("description");
  const content = html || "<p style='opacity:.7'>No description.</p>";
  frame.classList.toggle("is-empty", html === "");
  if (frame.srcdoc !== style + content) frame.srcdoc = style + content;
}

function fileElement(attachment) {
  const item = document.createElement("li");
  const link = text("a", attachment.file_name);
  link.href = attachment.download_url;
  item.append(link, attachment.file_size === null ? " (purged)" : ` (${attachment.file_size} bytes)`);
  return item;
}

function requirementElement(requirement) {
  const item = document.createElement("li");
  const link = text("a", requirement.reference_num);
  link.href = `/requirements/${requirement.reference_num}`;
  item.append(link, text("span", requirement.name || "(no name)"), text("span", requirement.status, "status"));
  return item;
}

function integrationElement({ name, fields }) {
  const item = document.createElement("li");
  const words = fields.key ?? fields.id ?? fields.number ?? "linked";
  let shownLink = text("span", words);
  if (/^https?:\/\//.test(fields.url ?? "")) {
    shownLink = text("a", words);
    shownLink.href = fields.url;
    shownLink.rel = "noreferrer";
  }
  item.append(`${name}: `, shownLink);
  return item;
}

function listOf(items, none) {
  return items.length > 0 ? items : [text("li", none, "quiet")];
}

function showSend(send) {
  byId("send").hidden = byId("log-card").hidden = send === null;
  if (send === null) return;
  byId("send-button").textContent = `Send to ${send.integration}`;
  const lines = send.log.map(({ time, event, status }) => text("li", `${time.slice(11, 19)} ${event}: ${status}`));
  byId("log").replaceChildren(...listOf(lines, "No lines."));
}

function say(words) {
  byId("message").textContent = words;
}

async function edit(values) {
  say(await post("/_control/edit", { id: shown.record.id, ...values }));
  await refresh();
}

byId("name").addEventListener("change", (event) => void edit({ name: event.target.value }));
byId("status").addEventListener("change", (event) => void edit({ status: event.target.value }));
byId("edit").addEventListener("click", () => toggleEditor(true));
byId("cancel").addEventListener("click", () => toggleEditor(false));
byId("editor").addEventListener("submit", (event) => {
  event.preventDefault();
  toggleEditor(false);
  void edit({ description: byId("source").value });
});
byId("send-button").addEventListener("click", async () => {
  byId("send").open = false;
  say((await post(`${data}/send`, {})) || `${byId("send-button").textContent} was pressed. The integration log has the result.`);
});

function toggleEditor(isOpen) {
  byId("editor").hidden = !isOpen;
  byId("description").hidden = byId("edit").hidden = isOpen;
  if (!isOpen) return;
  byId("source").value = shown.record.description.body;
  byId("source").focus();
}
