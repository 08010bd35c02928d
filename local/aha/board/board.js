"use strict";

const REFRESH_MS = 2000;
const focused = decodeURIComponent(location.pathname.split("/")[2] || "");
let shownText = "";

function recordElement(record) {
  const element = document.getElementById("record").content.firstElementChild.cloneNode(true);
  const part = (name) => element.querySelector("." + name);
  part("reference").textContent = record.reference_num;
  part("reference").href = `/${record.kind}s/${record.reference_num}`;
  part("name").textContent = record.name || "(no name)";
  part("status").textContent = record.status;
  part("changed").textContent = `changed ${record.updated_at} · ${record.puts} writes over the API` +
    (record.hidden ? " · hidden" : "");
  // The page's content security policy lets no script in a description run.
  part("description").innerHTML = record.description;
  part("files").replaceChildren(...record.attachments.map(fileElement));
  element.classList.toggle("focused", focused === record.reference_num || focused === record.id);
  return element;
}

function fileElement(attachment) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = attachment.download_url;
  link.textContent = attachment.file_name;
  item.append(link, attachment.file_size === null ? " (purged)" : ` (${attachment.file_size} bytes)`);
  return item;
}

function show(records) {
  const features = new Map();
  for (const record of records) {
    const element = recordElement(record);
    if (record.feature === null) {
      features.set(record.reference_num, element);
    } else {
      features.get(record.feature).querySelector(".requirements").append(element);
    }
  }
  document.getElementById("features").replaceChildren(...features.values());
}

async function refresh() {
  const state = document.getElementById("state");
  try {
    const answer = await fetch("/_control/records");
    const text = await answer.text();
    const isFirst = shownText === "";
    if (text !== shownText) {
      show(JSON.parse(text).records);
      shownText = text;
      if (isFirst) document.querySelector(".focused")?.scrollIntoView();
    }
    state.textContent = "up to date";
  } catch (error) {
    state.textContent = "not reachable; trying again";
  }
  setTimeout(refresh, REFRESH_MS);
}

refresh();
