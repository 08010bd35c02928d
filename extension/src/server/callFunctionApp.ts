import { CALL_FUNCTION_APP, EXTENSION_ID, replyField } from "../identifiers.ts";
import { readRequest } from "../request.ts";
import { callFunctionApp } from "./functionApp.ts";

aha.on({ event: CALL_FUNCTION_APP }, async (args, { settings }) => {
  const request = readRequest(args);
  // Without a request id there is no field to answer in.
  if (request === null) return;
  const reply = await callFunctionApp(request, settings);
  await aha.account.setExtensionField(EXTENSION_ID, replyField(request.id), reply);
});
