"""Every event of the integration log.

Each event is a constant, in the order of the table in docs/log-events.md. A test compares that table with this
module, so `meaning` and `remedy` are Markdown: they must not contain a line break or "|".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from shared.error_remedies import REMEDIES
from shared.errors import System


class Level(str, Enum):
    """How urgent a log entry is."""

    INFO = "info"
    """Nothing has to be done."""
    WARNING = "warning"
    """Somebody may want to check it."""
    ERROR = "error"
    """Something was not done, and somebody has to act."""


class Effect(str, Enum):
    """What an entry means for the record that it names or, with the last value, for the operation."""

    SENT = "sent"
    RECEIVED = "received"
    IN_SYNC = "in_sync"
    UNLINKED = "unlinked"
    STOPPED = "stopped"
    """The operation ended without doing what was requested."""


@dataclass(frozen=True)
class LogEvent:
    """One kind of log entry.

    `name` is stable: callers of the API filter by it. `meaning` says what happened; `remedy` says what a person does
    about it, and is empty where there is nothing to do. Two events share a name where the same step can succeed or
    fail: then they differ in `level`. If `after_code` is set, an entry with an error code has the remedy of that code,
    followed by `after_code`. Health is derived from `effect`. `system` is the one that a request went to.
    """

    name: str
    level: Level
    meaning: str
    remedy: str = ""
    after_code: str | None = None
    effect: Effect | None = None
    system: System | None = None


INTEGRATION_SAVED = LogEvent(
    "integration.saved",
    Level.INFO,
    "The integration was created or changed.",
)

AZURE_DEVOPS_REQUEST = LogEvent(
    "azure-devops.request",
    Level.INFO,
    "Azure DevOps answered a request. The entry has the status and the time that the answer took.",
    system=System.AZURE_DEVOPS,
)
AZURE_DEVOPS_REQUEST_FAILED = LogEvent(
    "azure-devops.request",
    Level.WARNING,
    "A request to Azure DevOps got an error or no answer. The app makes up to four attempts.",
    "Read the entry that follows.",
)
AHA_REQUEST = LogEvent(
    "aha.request",
    Level.INFO,
    "Aha! answered a request. The entry has the status and the time that the answer took.",
    system=System.AHA,
)
AHA_REQUEST_FAILED = LogEvent(
    "aha.request",
    Level.WARNING,
    "A request to Aha! got an error or no answer. The app makes up to four attempts.",
    "Read the entry that follows.",
)
DOWNLOAD_REQUEST = LogEvent(
    "download.request",
    Level.INFO,
    "The app requested a file from Aha!. The entry has the status and the time that the answer took.",
)

ATTACHMENT_UPLOADED = LogEvent(
    "attachment.uploaded",
    Level.INFO,
    "A file was uploaded to Azure DevOps.",
)
ATTACHMENT_FAILED = LogEvent(
    "attachment.failed",
    Level.ERROR,
    "One file was not sent. The send goes on without it.",
    "Correct what the message names, then send again.",
)
ATTACHMENT_PENDING = LogEvent(
    "attachment.pending",
    Level.WARNING,
    "There was not enough time to send a file.",
    "Send the feature again.",
)
ATTACHMENT_NO_ROOM = LogEvent(
    "attachment.no-room",
    Level.ERROR,
    "Files were not sent because a work item holds at most 100 attachments.",
    "Remove attachments from the work item, then send again.",
)

WORK_ITEM_CREATED = LogEvent(
    "work-item.created",
    Level.INFO,
    "A work item was created.",
    effect=Effect.SENT,
)
WORK_ITEM_UPDATED = LogEvent(
    "work-item.updated",
    Level.INFO,
    "A work item was changed.",
    effect=Effect.SENT,
)
WORK_ITEM_UNCHANGED = LogEvent(
    "work-item.unchanged",
    Level.INFO,
    "A work item needed no change.",
    effect=Effect.IN_SYNC,
)
WORK_ITEM_FAILED = LogEvent(
    "work-item.failed",
    Level.ERROR,
    "A record was not sent.",
    "Correct what the message names, then send again.",
    after_code="Then send the feature again.",
)
WORK_ITEM_CONFLICT = LogEvent(
    "work-item.conflict",
    Level.WARNING,
    "A field was changed on both sides. The send kept the text from Aha!.",
    "Compare it with the earlier revision at `detail.overwritten_url`.",
)
WORK_ITEM_LEFT_ALONE = LogEvent(
    "work-item.left-alone",
    Level.INFO,
    "A field was changed in Azure DevOps but not in Aha!. The send did not overwrite it.",
)
WORK_ITEM_GONE = LogEvent(
    "work-item.gone",
    Level.WARNING,
    "The work item was deleted in Azure DevOps. The send creates a new one.",
    "If the work item was deleted on purpose, delete the record in Aha! too.",
)
WORK_ITEM_OUT_OF_SIGHT = LogEvent(
    "work-item.out-of-sight",
    Level.ERROR,
    "A linked work item cannot be read and is not in the recycle bin. Its changes do not reach Aha!.",
    "Give the token's user access to the work item's project and area. If the work item no longer exists, unlink the "
    "record.",
)
WORK_ITEM_SECOND = LogEvent(
    "work-item.second",
    Level.ERROR,
    "A second work item carries the marker of a linked record. Azure DevOps carried out a create late, or somebody "
    "copied or restored a work item.",
    "Copy what is needed into the linked work item, then delete the other one.",
)
WORK_ITEM_FOUND_AGAIN = LogEvent(
    "work-item.found-again",
    Level.WARNING,
    "An earlier request created the work item, but its answer was lost. The send uses that work item.",
)
EVENT_RECEIVED = LogEvent(
    "event.received",
    Level.INFO,
    "An event about a feature arrived in the format of Aha!'s Integration webhook.",
)
EVENT_IGNORED = LogEvent(
    "event.ignored",
    Level.INFO,
    "Aha! sent an event about a release. Nothing was done.",
)
WORK_ITEM_NOT_ADOPTED = LogEvent(
    "work-item.not-adopted",
    Level.WARNING,
    "Aha! names a work item for the record, but it is in another organization or project, not of the mapped type, or "
    "cannot be read. The send creates a new one.",
    "Check the record's integration fields in Aha!.",
)
WORK_ITEM_CHANGED_MEANWHILE = LogEvent(
    "work-item.changed-meanwhile",
    Level.INFO,
    "Somebody changed the work item during the send. The send reads it again and decides again.",
)

LINK_MADE = LogEvent(
    "link.made",
    Level.INFO,
    "A person linked a record to an existing work item.",
)
LINK_REBUILT = LogEvent(
    "link.rebuilt",
    Level.INFO,
    "The operator's command linked a record to the work item that carries its marker.",
)
LINK_REMOVED = LogEvent(
    "link.removed",
    Level.INFO,
    "A person removed the link of a record. The work item and the record stay. The next send creates a new work item.",
    effect=Effect.UNLINKED,
)
LINK_BACK_WRITTEN = LogEvent(
    "link-back.written",
    Level.INFO,
    "The id and the URL of the work item were written into the record's integration fields in Aha!.",
)
LINK_BACK_NO_INTEGRATION = LogEvent(
    "link-back.no-integration",
    Level.INFO,
    "The product does not have exactly one *Integration webhook* in Aha!, so no link to the work item was written.",
    "Add an *Integration webhook* in Aha!, or set `aha.integration_id`. If nobody needs the links, set `aha.link_back` "
    "to `none`.",
)
LINK_BACK_FAILED = LogEvent(
    "link-back.failed",
    Level.WARNING,
    "The link to the work item could not be written into the record's integration fields in Aha!. The send itself "
    "continued. The next send tries again.",
    "Correct what the message names. If Aha! did not find the record or the integration, check `aha.integration_id`.",
)
LINK_BACK_REMOVED = LogEvent(
    "link-back.removed",
    Level.INFO,
    "The link to the work item was removed from the record's integration fields in Aha!.",
)
LINK_BACK_LEFT = LogEvent(
    "link-back.left",
    Level.WARNING,
    "A person unlinked a record, and Aha! refused to remove the link from the record's integration fields. The "
    "next send links the same work item again.",
    "Correct what the message names, link the record to its work item again, and unlink it again.",
)
LINK_CHANGED_MEANWHILE = LogEvent(
    "link.changed-meanwhile",
    Level.INFO,
    "Another operation changed the record's link at the same time. The app reads it again and decides again.",
)
INTENTION_SETTLED = LogEvent(
    "intention.settled",
    Level.INFO,
    "The app recognised a write of its own that it had not recorded yet: its answer was late, or an operation was "
    "interrupted.",
)
CLAIM_TAKEN_OVER = LogEvent(
    "claim.taken-over",
    Level.WARNING,
    "An earlier send of the record did not finish. This send continues it.",
)
CLAIM_LOST = LogEvent(
    "claim.lost",
    Level.INFO,
    "Another send took over this record's claim.",
)

SEND_UNFINISHED = LogEvent(
    "send.unfinished",
    Level.WARNING,
    "A send did not finish: its time ended, another system was down, or the timer was refused the access. The timer "
    "finishes it in some minutes, unless somebody sends the feature first.",
)
SEND_NOT_NOTED = LogEvent(
    "send.not-noted",
    Level.WARNING,
    "Table Storage did not store, or did not remove, the note of an unfinished send.",
    "If the send did not finish, send the feature again.",
)
SEND_RESUMED = LogEvent(
    "send.resumed",
    Level.INFO,
    "The timer sends a feature, as it is in Aha! now, because its last send did not finish.",
)
SEND_RESUME_FAILED = LogEvent(
    "send.resume-failed",
    Level.ERROR,
    "The timer did not finish a send.",
    "Correct what the message names.",
    after_code="",
    effect=Effect.STOPPED,
)
SEND_GIVEN_UP = LogEvent(
    "send.given-up",
    Level.ERROR,
    "The timer no longer tries to finish a send.",
    "Correct what the message names, then send the feature again.",
    after_code="Then send the feature again.",
)

FEATURE_CHANGED = LogEvent(
    "feature.changed",
    Level.INFO,
    "A linked feature, or one of its requirements, changed in Aha!. The timer sends it (`auto_update`).",
)

REQUIREMENT_REMOVED = LogEvent(
    "requirement.removed",
    Level.WARNING,
    "The feature no longer has a requirement. The requirement's work item stays.",
    "Close or delete the work item if it is not wanted.",
)
RECORD_OUTDATED = LogEvent(
    "record.outdated",
    Level.WARNING,
    "A text in the payload was older than the last sync of the record. That field was left alone.",
    "Send the feature as it is now.",
)

BATCH_REFUSED = LogEvent(
    "batch.refused",
    Level.WARNING,
    "Azure DevOps refused a batch as a whole. The app sends each change alone.",
)
BATCH_NOT_BELIEVED = LogEvent(
    "batch.not-believed",
    Level.WARNING,
    "The answer to a batch did not give the result of each change. The app checks each change.",
)
BATCH_ENTRY_FAILED = LogEvent(
    "batch.entry-failed",
    Level.WARNING,
    "One change of a batch failed with an internal error of Azure DevOps. The app tries it again.",
)

RECORD_CHANGES = LogEvent(
    "record.changes",
    Level.INFO,
    "The app writes changes of a work item to Aha!.",
    effect=Effect.RECEIVED,
)
RECORD_CONFLICT = LogEvent(
    "record.conflict",
    Level.WARNING,
    "A field was changed on both sides. The app kept the text from Azure DevOps.",
    "The other text is in the record's history in Aha!.",
)
RECORD_IMAGES_LEFT = LogEvent(
    "record.images-left",
    Level.WARNING,
    "Images that an engineer pasted in Azure DevOps became links in Aha!.",
    "Attach the images in Aha! if everybody should see them.",
)
RECORD_MARKDOWN_LEFT = LogEvent(
    "record.markdown-left",
    Level.WARNING,
    "A description in Markdown could not be rendered, usually because it is too long. Aha! shows the Markdown "
    "source.",
    "Shorten the work item's description, or convert it to HTML.",
)
STATE_NOT_MAPPED = LogEvent(
    "state.not-mapped",
    Level.WARNING,
    "The work item's state is not mapped to a workflow status, so the status did not change.",
    "Map the state if it should change the status.",
)
AHA_STATUS_REFUSED = LogEvent(
    "aha.status-refused",
    Level.ERROR,
    "Aha! refused the workflow status. The app still writes a changed name and description.",
    "Correct the mapping: the status must belong to the record's workflow.",
)
AHA_REFUSED = LogEvent(
    "aha.refused",
    Level.ERROR,
    "Aha! refuses the changes of one work item. Other work items are not delayed.",
    "Correct what the message names. The work item's next change tries it again.",
)
AHA_KEPT = LogEvent(
    "aha.kept",
    Level.WARNING,
    "Aha! accepted a write to a record and kept the old value.",
    "Change the field in Aha! by hand, or find the workspace rule that protects it. The work item's next change "
    "tries it again.",
)

RECORD_DEFECT = LogEvent(
    "record.defect",
    Level.ERROR,
    "A defect of the app stopped one record. The other records were processed.",
    "Look up the operation id in Application Insights.",
)

NOTIFICATION_IGNORED = LogEvent(
    "notification.ignored",
    Level.INFO,
    "The app ignored a notification. `detail.reason` says why.",
    "Look up the reason in *Reasons of ignored notifications*.",
)
NOTIFICATION_NOTHING_TO_DO = LogEvent(
    "notification.nothing-to-do",
    Level.INFO,
    "No synced field changed.",
    effect=Effect.IN_SYNC,
)

RECONCILE_UPDATED = LogEvent(
    "reconcile.updated",
    Level.WARNING,
    "*Reconcile* wrote changes to Aha! that no notification had reported.",
    "If it happens again, check the subscription's history in Azure DevOps.",
)
RECONCILE_ITEM_FAILED = LogEvent(
    "reconcile.item-failed",
    Level.ERROR,
    "*Reconcile* could not process one work item. The next run tries it again.",
    "Correct what the message names.",
    after_code="",
)
RECONCILE_FAILED = LogEvent(
    "reconcile.failed",
    Level.ERROR,
    "A run of *Reconcile* failed. The next run covers the same period.",
    "Correct what the message names.",
    after_code="",
    effect=Effect.STOPPED,
)

SUBSCRIPTION_CREATED = LogEvent(
    "subscription.created",
    Level.INFO,
    "The app created the service hook's subscription in Azure DevOps.",
)
SUBSCRIPTION_ENABLED = LogEvent(
    "subscription.enabled",
    Level.INFO,
    "The app enabled the subscription again, or moved it to the integration's project.",
)
SUBSCRIPTION_RENEWED = LogEvent(
    "subscription.renewed",
    Level.INFO,
    "The subscription called an earlier webhook URL. It now calls the current one.",
)
SUBSCRIPTION_OUTDATED_REMOVED = LogEvent(
    "subscription.outdated-removed",
    Level.WARNING,
    "The app removed another subscription that called an earlier webhook URL.",
)
SUBSCRIPTION_UNCHANGED = LogEvent(
    "subscription.unchanged",
    Level.INFO,
    "The subscription exists and works.",
)
SUBSCRIPTION_DELETED = LogEvent(
    "subscription.deleted",
    Level.INFO,
    "The app deleted the service hook's subscription on request.",
)
SUBSCRIPTION_DUPLICATE_REMOVED = LogEvent(
    "subscription.duplicate-removed",
    Level.WARNING,
    "Two subscriptions were created at the same time. The app removed the newer one.",
)

OPERATION_FAILED = LogEvent(
    "operation.failed",
    Level.ERROR,
    "The operation failed. `detail.code` has the error code.",
    "Follow the remedy in *Error codes*.",
    after_code="",
    effect=Effect.STOPPED,
)
OPERATION_REFUSED = LogEvent(
    "operation.refused",
    Level.WARNING,
    "The request was not carried out: it is invalid, or it came too early or too late.",
    "Correct the request. The integration needs no repair.",
    after_code="",
    effect=Effect.STOPPED,
)
OPERATION_DEFECT = LogEvent(
    "operation.defect",
    Level.ERROR,
    "A defect of the app ended the operation.",
    "Look up the operation id in Application Insights.",
    effect=Effect.STOPPED,
)


_EVENTS = {
    (event.name, event.level): event for event in list(globals().values()) if isinstance(event, LogEvent)
}


def remedy_of(name: str, level: Level, code: str = "") -> str:
    """What a person does about an entry; empty if there is nothing to do, or an older version knew the event.

    `code` is the error code of the entry, if it has one.
    """
    event = _EVENTS.get((name, level))
    if event is None:
        return ""
    if event.after_code is None or code not in REMEDIES:
        return event.remedy
    return f"{REMEDIES[code]} {event.after_code}".rstrip()
