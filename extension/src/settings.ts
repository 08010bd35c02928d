import type { Reference } from "./reference.ts";

/** Where a record is sent, or what an administrator has to set first. */
export type Configuration =
  | { readonly kind: "configured"; readonly functionAppUrl: string; readonly integrationId: string }
  | { readonly kind: "not_configured"; readonly faults: readonly string[] };

// http is only for a function app on the same machine: elsewhere, the key would be readable.
const FUNCTION_APP_URL = /^(https:\/\/[a-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\]))(:[0-9]+)?$/i;
const ENTRY = /^([A-Z][A-Z0-9]*)\s*=\s*([a-z0-9-]{1,64})$/i;

/** Reads the settings without secrets, for one record. */
export function readConfiguration(
  settings: Readonly<Record<string, unknown>>,
  reference: Reference,
): Configuration {
  const functionAppUrl = readFunctionAppUrl(settings["functionAppUrl"]);
  const integration = readIntegration(settings["integrations"], reference.prefix);
  const faults = [functionAppUrl.fault, integration.fault].filter((fault) => fault !== "");
  if (faults.length > 0) return { kind: "not_configured", faults };
  return { kind: "configured", functionAppUrl: functionAppUrl.value, integrationId: integration.value };
}

interface Read {
  readonly value: string;
  /** Empty if the value can be used. */
  readonly fault: string;
}

function readFunctionAppUrl(setting: unknown): Read {
  const text = typeof setting === "string" ? setting.trim() : "";
  if (text === "") return { value: "", fault: "The setting “Function app URL” is empty." };
  const value = text.replace(/\/+$/, "").replace(/\/api$/i, "");
  const fault = FUNCTION_APP_URL.test(value)
    ? ""
    : "The setting “Function app URL” must be an address such as https://my-sync.azurewebsites.net.";
  return { value, fault };
}

function readIntegration(setting: unknown, prefix: string): Read {
  const entries = splitEntries(setting);
  if (entries.length === 0) return { value: "", fault: "The setting “Integrations” is empty." };
  for (const entry of entries) {
    const match = ENTRY.exec(entry);
    if (match === null) {
      return {
        value: "",
        fault: `The setting “Integrations” has the entry “${entry}”. An entry is a product's prefix = an integration's id.`,
      };
    }
    const [, product = "", integrationId = ""] = match;
    if (product.toUpperCase() === prefix) return { value: integrationId.toLowerCase(), fault: "" };
  }
  return { value: "", fault: `The setting “Integrations” has no entry for the product ${prefix}.` };
}

/** A setting may come as one text or, where Aha! lets a person add several values, as a list. */
function splitEntries(setting: unknown): string[] {
  const texts: unknown[] = Array.isArray(setting) ? setting : [setting];
  return texts
    .flatMap((text) => (typeof text === "string" ? text.split(/[,;\n]/) : []))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
