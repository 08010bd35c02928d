// What the status of a service hook's subscription means.
const STATUS = {
  enabled: ["good", "Enabled", "Azure DevOps reports every changed work item."],
  onProbation: ["open", "Enabled (restricted)", "A delivery failed. Until one succeeds, Azure DevOps sends only a few. Remove the cause, then enable it again."],
  disabledBySystem: ["bad", "Disabled by Azure DevOps", "Too many deliveries failed. Changes do not reach Aha! until it is enabled again."],
  disabledByUser: ["off", "Disabled by a person", "Somebody disabled it in Azure DevOps."],
  disabledByInactiveIdentity: ["bad", "Disabled", "The person who created it has left the organization. Enable it with another token."],
};

/** The words for a status of Azure DevOps: {kind, name, meaning}; `kind` is a badge's. */
export function hookWords(status) {
  const [kind, name, meaning] = STATUS[status] ?? ["open", status, ""];
  return { kind, name, meaning };
}

/** The status of a service hook in a few words. `found` is undefined before the answer, null if it could not be read. */
export function hookInWords(found) {
  if (!found) return found === null ? "Could not be read" : "…";
  if (found.status) return hookWords(found.status).name;
  return found.outdated_subscription_ids?.length ? "Old webhook URL" : "None";
}

/** What is wrong with a service hook; null if it works, if it is not known, or if the integration does not receive. */
export function hookProblem(found, isBackToAha) {
  if (!found || found.status === "enabled") return null;
  if (found.status) return hookWords(found.status).meaning;
  if (found.outdated_subscription_ids?.length) {
    return "The subscription in Azure DevOps calls an earlier URL of this integration, so changes do not reach Aha!.";
  }
  return isBackToAha ? "Azure DevOps does not report changes, so they reach Aha! only when the timer finds them. Create the subscription." : null;
}
