// Step 2: the project, and the area for new work items.
import { fill, h, keepingFocus } from "./dom.js";
import { areaTree } from "./area_tree.js";
import { azureDevOpsQuestion, runTest } from "./connection.js";
import { choice, field, textInput } from "./fields.js";
import { count } from "./format.js";
import { doneLine, problemBox, withProgress } from "./progress.js";

export function projectStep(state) {
  const projectPlace = h("div", {});
  const outcome = h("div", { class: "outcome" });
  const areaPlace = h("div", {});
  const showProject = () => fill(projectPlace, projectField(state, outcome));
  const showArea = () => fill(areaPlace, areaField(state));
  const showOutcome = () => {
    const { project } = state;
    if (project) {
      fill(outcome, doneLine(`${project.name} has ${count(project.areas.length, "area")} and ${count(project.work_item_types.length, "type")}.`));
    }
  };
  showProject();
  showArea();
  showOutcome();
  state.on("account", () => keepingFocus(projectPlace, showProject));
  state.on("project", () => {
    showArea();
    showOutcome();
  });
  state.on("project-read", showOutcome);
  return h("div", { class: "step-body" }, projectPlace, outcome, areaPlace);
}

function projectField(state, outcome) {
  const target = state.draft.azure_devops;
  const options = { pointer: "/azure_devops/project" };
  if (!state.account) {
    const input = textInput(target.project, (text) => {
      target.project = text.trim();
      state.changed("draft");
    });
    return field("Project", input, { ...options, hint: "Test the connection first. Then you can choose the project from a list." });
  }
  const projects = state.account.projects.map((project) => ({ value: project.name, text: project.name }));
  const byId = state.account.projects.find((project) => project.id === target.project);
  const select = choice(byId?.name ?? target.project, projects, (name) => chooseProject(state, name, outcome), {
    empty: `Choose one of ${projects.length} projects…`, foreign: "(this token cannot see it)",
  });
  return field("Project", select, options);
}

async function chooseProject(state, name, outcome) {
  const target = state.draft.azure_devops;
  const before = target.area_path;
  target.project = name;
  target.area_path = "";
  state.project = null;
  state.changed("draft");
  state.changed("project-chosen");
  if (!name) return;
  await withProgress(outcome, `Reading areas and types of ${name}…`, () => runTest(state, azureDevOpsQuestion(state, name)), {
    failed: (error) => fill(outcome, problemBox(error, () => chooseProject(state, name, outcome))),
  });
  if (!state.project) return;
  target.area_path = sameArea(before, state.project.areas);
  state.changed("project");
  state.changed("project-read");
}

/** The area with the same path below the project, which a renamed project still has; else its only area; else none. */
function sameArea(path, areas) {
  const below = path.includes("\\") ? path.slice(path.indexOf("\\")) : "";
  const wanted = (areas[0] + below).toLowerCase();
  return (path && areas.find((one) => one.toLowerCase() === wanted)) || (areas.length === 1 ? areas[0] : "");
}

function areaField(state) {
  const target = state.draft.azure_devops;
  const pointer = "/azure_devops/area_path";
  if (!state.project) {
    const input = textInput(target.area_path, (text) => {
      target.area_path = text.trim();
      state.changed("draft");
    });
    return field("Area", input, { pointer, hint: "Choose the project first. Then you can choose the area from a tree." });
  }
  const { areas } = state.project;
  const known = areas.find((path) => path.toLowerCase() === target.area_path.toLowerCase());
  const chosen = h("output", { class: "chosen", id: "area-chosen", tabindex: -1, dataset: { pointer } });
  const showChosen = () => fill(chosen, target.area_path || "None chosen yet");
  showChosen();
  const tree = areaTree(areas, known ?? "", (path) => {
    target.area_path = path;
    fill(document.getElementById("area-chosen-fault"));
    showChosen();
    state.changed("draft");
  }, { id: "area-tree", labelledBy: "area-label" });
  const isGone = target.area_path && !known;
  return h("div", { class: "field" },
    h("p", { class: "label", id: "area-label" }, "Area"),
    h("p", { class: "hint" }, "New work items are created here. Engineers may move them afterwards."),
    h("p", { class: "chosen-line" }, "Chosen: ", chosen),
    h("p", { class: "fault", id: "area-chosen-fault" },
      isGone ? "The project no longer has this area, or the token cannot see it. Choose another." : null),
    tree);
}
