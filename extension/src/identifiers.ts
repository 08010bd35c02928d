/** The extension's name in package.json, which Aha! knows it by. */
export const EXTENSION_ID = "aha-azure-devops.work-items";

/** The event whose server handler calls the function app. */
export const CALL_FUNCTION_APP = `${EXTENSION_ID}.callFunctionApp`;

/** The browser event that tells the panels of a feature that its record action has ended. `detail` is the reference. */
export const FEATURE_SENT = `${EXTENSION_ID}.featureSent`;

/** The account field in which the reply to a request is left. Each request has its own. */
export function replyField(requestId: string): string {
  return `reply-${requestId}`;
}
