// The pages of records in Aha! and of work items in Azure DevOps.
const REQUIREMENT = /^[a-z][a-z0-9]*-\d+-\d+$/i;
const FEATURE = /^[a-z][a-z0-9]*-\d+$/i;

/** The page of a record in Aha!; empty if its reference does not say what it is. */
export function recordPage(integration, reference) {
  const kind = REQUIREMENT.test(reference) ? "requirements" : FEATURE.test(reference) ? "features" : "";
  return kind && integration.aha.url ? `${integration.aha.url}/${kind}/${encodeURIComponent(reference)}` : "";
}

/** The page of a work item; empty if no project is chosen. `entries`: some of the log. */
export function workItemPage(integration, entries, id) {
  const { account_name: account, project } = integration.azure_devops;
  return account && project ? `${accountUrl(account, entries)}/${encodeURIComponent(project)}/_workitems/edit/${id}` : "";
}

/** Requests name the organization's address, which is not that of Azure DevOps where the app was told another one. */
function accountUrl(account, entries) {
  const name = encodeURIComponent(account);
  const start = new RegExp(`^https?://[^/]+(/[^?]*?)?/${RegExp.escape?.(name) ?? name.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&")}(?=/)`, "i");
  const request = entries.find((one) => one.event === "azure-devops.request" && start.test(one.detail.url));
  return request ? start.exec(request.detail.url)[0] : `https://dev.azure.com/${name}`;
}

/** The address of an integration's log with conditions. */
export function logAddress(id, conditions = {}) {
  const query = new URLSearchParams(Object.entries(conditions).filter(([, value]) => value)).toString();
  return `#/i/${encodeURIComponent(id)}/log${query ? `?${query}` : ""}`;
}
