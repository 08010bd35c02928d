import type { Answer } from "../answer.ts";
import { FEATURE_SENT } from "../identifiers.ts";
import { callServer, waitSeconds } from "../mailbox.ts";
import { commandResult, commandStep } from "../commandWords.ts";
import { readReference, type Reference } from "../reference.ts";
import { sendUntilDone } from "../sending.ts";

aha.on("sendToAzureDevOps", async ({ record }) => {
  const reference = readReference(record?.referenceNum);
  if (reference === null) {
    aha.commandOutput("Open a feature or a requirement first.");
    return;
  }
  aha.commandOutput(`Sending ${reference.feature} to Azure DevOps …`);
  const answer = await send(reference);
  aha.commandOutput(commandResult(reference.feature, answer));
  window.dispatchEvent(new CustomEvent(FEATURE_SENT, { detail: reference.feature }));
});

function send(reference: Reference): Promise<Answer> {
  return sendUntilDone({
    callSend: () => callServer("send", reference.feature),
    wait: waitSeconds,
    report: (state) => aha.commandOutput(commandStep(reference.feature, state)),
  });
}
