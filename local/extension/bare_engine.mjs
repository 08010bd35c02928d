/**
 * Runs server handlers of an extension as Aha! does: in an engine that has ECMAScript and `fetch`, and nothing else.
 *
 * Reads one JSON object from standard input: `script` (the handlers' code), `event`, `args`, `settings`.
 * Writes one to standard output: `handled` (how many handlers ran), `fields` (what they wrote to extension fields of
 * the account: [{extension, name, value}]) and `error` (empty, or why a handler failed).
 */

import { createContext, runInContext } from "node:vm";

const { script, event, args, settings } = JSON.parse(await readAll(process.stdin));
const fields = [];

const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
// V8 puts these into each context; they are no part of ECMAScript.
runInContext("delete globalThis.console; delete globalThis.WebAssembly;", context);

// Values cross as JSON, so that no object of Node's gets into the engine.
const prepare = runInContext(
  `(fetchText, setField) => {
    const handlers = [];
    globalThis.fetch = async (url, options = {}) => {
      const answer = JSON.parse(await fetchText(JSON.stringify({ url: String(url), options })));
      if (answer.failed) throw new TypeError("fetch failed");
      const headers = new Map(answer.headers);
      return {
        status: answer.status,
        ok: answer.status >= 200 && answer.status < 300,
        headers: { get: (name) => headers.get(String(name).toLowerCase()) ?? null },
        text: async () => answer.text,
        json: async () => JSON.parse(answer.text),
      };
    };
    globalThis.aha = {
      on: (to, handle) => { handlers.push([to.event, handle]); },
      account: {
        setExtensionField: async (extension, name, value) => setField(JSON.stringify({ extension, name, value })),
      },
    };
    return async (input) => {
      const { event, args, settings } = JSON.parse(input);
      const chosen = handlers.filter(([name]) => name === event);
      for (const [, handle] of chosen) await handle(args, { settings });
      return chosen.length;
    };
  }`,
  context,
);

const trigger = prepare(fetchText, (field) => {
  fields.push(JSON.parse(field));
});

let handled = 0;
let error = "";
try {
  runInContext(script, context);
  handled = await trigger(JSON.stringify({ event, args, settings }));
} catch (thrown) {
  error = String(thrown?.stack ?? thrown);
}
process.stdout.write(JSON.stringify({ handled, fields, error }));

async function fetchText(request) {
  const { url, options } = JSON.parse(request);
  try {
    const response = await fetch(url, options);
    const text = await response.text();
    return JSON.stringify({ status: response.status, headers: [...response.headers], text });
  } catch {
    return JSON.stringify({ failed: true });
  }
}

async function readAll(stream) {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}
