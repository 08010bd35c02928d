"""What to do about a refusal of Azure DevOps, in texts that a product manager can act on.

Each text names the object, and a remedy that fits the request.
"""

from __future__ import annotations

from shared.clients.azure_devops_error_body import ErrorBody
from shared.domain.foreign_answers import Body
from shared.domain.subject import RequestAction, Subject

_NO_PROJECT = ("TF200016", "VS800075")
_NO_WORK_ITEM = ("TF401232",)
_NO_WORK_ITEM_TYPE = ("VS402323",)
_FILE_TOO_LARGE = ("TF237082",)
_NO_AREA = ("TF401347",)
_NO_FIELD = ("TF51535",)
_TOO_MANY_LINKS = ("TF237201",)
_SECOND_PARENT = ("TF201036",)
_READ_ONLY = ("TF401326",)
_CONDITIONAL_ACCESS = ("VS403463",)
_OTHER_ORGANIZATION = ("VS30063", "TF30063")
_NOT_AUTHORIZED = ("TF400813",)

_DEFAULT_FIELDS_DO_NOT_HELP = (
    "Default fields do not help here: they are set only when a work item is created."
)


def token_refused(status: int, error: ErrorBody, subject: Subject, scope: str) -> str:
    """Why the organization does not accept the caller, if it says so, and what to do.

    `scope` is the scope that a token needs for the request.
    """
    said, lower, where = _said(error), error.message.lower(), subject.organization
    if error.has_code(*_CONDITIONAL_ACCESS):
        return (
            f"A conditional access policy of the Microsoft Entra tenant does not let the app sign in to {where}. A new "
            "token or another right does not help. Ask the tenant's administrator to allow the app's outbound IP "
            f"addresses in the policy, or to exclude {subject.user} from it.{said}"
        )
    if subject.uses_identity:
        return (
            f"Azure DevOps does not accept the app's managed identity for {where}. Add the identity to the "
            f"organization as a user with Basic access, and to a group of the project.{said}"
        )
    renew = _how_to_renew(subject)
    if _is_sign_in(status, error):
        return (
            f"Azure DevOps showed its sign-in page instead of an answer of {where}. The token is malformed, unknown, "
            f"revoked or expired, or it is a global token, which Azure DevOps no longer accepts. {renew}"
        )
    if "expired" in lower:
        return f"The personal access token has expired. {renew}{said}"
    if "all organizations" in lower or "all accessible organizations" in lower or "global" in lower:
        return (
            "The token is a global token, made for all organizations, which Azure DevOps no longer accepts. Use a "
            f"token for {where} alone. {renew}{said}"
        )
    if error.has_code(*_OTHER_ORGANIZATION):
        return f"The token was made for an organization other than “{subject.account_name}”. {renew}{said}"
    if error.has_code(*_NOT_AUTHORIZED):
        return (
            f"The token lacks the scope “{scope}”, or its user was removed from {where}. Check the token under User "
            f"settings → Personal access tokens and add the scope, or add the user again. {renew}{said}"
        )
    reason = f" It said: {error.message}" if error.message else " It did not say why."
    return (
        f"Azure DevOps does not accept the token for {where}.{reason} Usual causes: the token expired, it was revoked "
        f"(also when its owner left), or it lacks the scope “{scope}”. Check it under User settings → Personal "
        f"access tokens: if only the scope is missing, add it. {renew}"
    )


def right_missing(error: ErrorBody, subject: Subject) -> str:
    """Which right the token's user lacks, and on what."""
    user, said = subject.user, _said(error)
    if subject.action is RequestAction.SUBSCRIBE:
        return (
            f"{_capital(user)} may not edit service hook subscriptions of {subject.organization}. Ask a project "
            f"administrator to grant “Edit subscriptions”, or to make the user a project administrator.{said}"
        )
    if "access level" in error.message.lower() or "licens" in error.message.lower():
        return (
            f"The access level of {user} in {subject.organization} is too low. Ask an administrator of the "
            f"organization to give it the Basic access level.{said}"
        )
    if subject.action is RequestAction.UPDATE:
        return (
            f"{_capital(user)} may not edit {subject.work_item}. Ask a project administrator to grant “Edit work items "
            f"in this node” on the area that the work item is in now.{said}"
        )
    if subject.action in (RequestAction.CREATE, RequestAction.UPLOAD):
        what = "attach files" if subject.action is RequestAction.UPLOAD else "create work items"
        return (
            f"{_capital(user)} may not {what} in {subject.area}. Ask a project administrator to grant “View work items "
            "in this node” and “Edit work items in this node” on it, and to give the user the Basic access level; or "
            f"choose another area in the integration.{said}"
        )
    what = f"read {subject.work_item}" if subject.work_item_id is not None else f"read {_project(subject)}"
    return (
        f"{_capital(user)} may not {what}. Ask a project administrator to grant “View work items in this node” on the "
        f"area and “View project-level information”, and to give the user the Basic access level.{said}"
    )


def not_found(error: ErrorBody, subject: Subject) -> str:
    """What does not exist, or is not visible."""
    said = _said(error)
    if "ProjectDoesNotExist" in error.type_key or error.has_code(*_NO_PROJECT):
        return (
            f"{_capital(_project(subject))} does not exist in {subject.organization}, or {subject.user} cannot see it. "
            f"Choose another project in the integration, or ask the project's administrator to add the user.{said}"
        )
    if "WorkItemTypeNotFound" in error.type_key or error.has_code(*_NO_WORK_ITEM_TYPE):
        name = f" “{subject.work_item_type}”" if subject.work_item_type else ""
        return (
            f"The work item type{name} does not exist in {_project(subject)}, or it is disabled. Choose another type "
            f"in the integration.{said}"
        )
    if error.has_code(*_NO_WORK_ITEM) or (error.message and subject.work_item_id is not None):
        return (
            f"{_capital(subject.work_item)} was deleted, or {subject.user} may not read it. Restore it from the "
            "project's recycle bin, or ask a project administrator to grant “View work items in this node” on the "
            f"area that it is in now.{said}"
        )
    if not error.message:
        return (
            f"Azure DevOps knows no organization “{subject.account_name}”. Check the account name: it is the first "
            "part of the address after dev.azure.com, as in "
            f"https://dev.azure.com/{subject.account_name or 'fabrikam'}."
        )
    return (
        f"{_capital(subject.organization)} does not have what the app requested. Use Test connection to check "
        f"the integration's project, area and types.{said}"
    )


def value_refused(status: int, error: ErrorBody, subject: Subject) -> str:
    """Which value is refused, and where to correct it."""
    said = _said(error) or f" Azure DevOps answered {status} without an explanation."
    is_update = subject.action is RequestAction.UPDATE
    if error.has_code(*_FILE_TOO_LARGE):
        return (
            f"The file is larger than {subject.organization} allows for an attachment, which is 60 MB by "
            f"default. Make the file smaller, or store it elsewhere and link to it.{said}"
        )
    missing = [field for field in error.fields if _has_no_value(field.lower())]
    if missing:
        return _required_field(", ".join(missing), subject) + said
    if error.fields or error.has_code(*_READ_ONLY):
        return _broken_rule(", ".join(error.fields) or "a field that is read-only now", subject) + said
    if error.has_code(*_NO_AREA) or _is_about_area(error):
        return (
            f"{_capital(subject.area)} does not exist in {_project(subject)} any more, or it was renamed. Choose "
            f"another area in the integration.{said}"
        )
    if error.has_code(*_NO_FIELD):
        return (
            f"A default field does not exist in {subject.organization}. Correct the default fields of {_type(subject)} "
            f"in the integration.{said}"
        )
    if error.has_code(*_TOO_MANY_LINKS):
        return (
            f"{_capital(subject.work_item)} or its parent has 1,000 links, which is the limit of a work item. Remove "
            f"links that are not needed in Azure DevOps, then send again.{said}"
        )
    if error.has_code(*_SECOND_PARENT):
        return (
            f"{_capital(subject.work_item)} has another parent. Remove the parent link in Azure DevOps, then send "
            f"again.{said}"
        )
    where = (
        f" of {subject.work_item}"
        if is_update
        else f" of a new {_type(subject)}"
        if subject.work_item_type
        else ""
    )
    return (
        f"Azure DevOps does not accept a value{where}. Correct the text in Aha!, or the work item's fields in Azure "
        f"DevOps, as the explanation says.{said}"
    )


def unavailable(status: int, error: ErrorBody, subject: Subject) -> str:
    """What happened when nothing has to be repaired."""
    cause = f"is throttling {subject.user}" if status == 429 else f"answered with an error ({status})"
    lasts = ""
    if status == 404:
        lasts = f" If this lasts, check with Test connection whether {subject.organization} exists."
    elif status == 413:
        lasts = " If this lasts, the request is too large: make the file or the description smaller."
    said = f" It said: {error.message}" if error.message else ""
    return f"Azure DevOps {cause}. Nothing has to be repaired; try again later.{lasts}{said}"


def _required_field(names: str, subject: Subject) -> str:
    if subject.action is RequestAction.UPDATE:
        return (
            f"A required field of {subject.work_item} has no value: {names}. Open the work item and fill in the field, "
            "then send again; or ask an administrator of the process to make the field optional. "
            f"{_DEFAULT_FIELDS_DO_NOT_HELP}"
        )
    return (
        f"A required field of {_type(subject)} has no value: {names}. Set a value for it in the integration's default "
        "fields."
    )


def _broken_rule(names: str, subject: Subject) -> str:
    if subject.action is RequestAction.UPDATE:
        return (
            f"A value breaks a rule of {subject.work_item}: {names}. Open the work item and correct the field or its "
            "state, then send again; or ask an administrator of the process to change the rule. "
            f"{_DEFAULT_FIELDS_DO_NOT_HELP}"
        )
    return (
        f"A value breaks a rule of {_type(subject)}: {names}. Correct the integration's default fields, or ask an "
        "administrator of the process to change the rule."
    )


def _is_about_area(error: ErrorBody) -> bool:
    lower = error.message.lower()
    return "area" in lower and "path" in lower


def _is_sign_in(status: int, error: ErrorBody) -> bool:
    return status != 401 and (status // 100 in (2, 3) or error.written_by is Body.SIGN_IN_PAGE)


def _how_to_renew(subject: Subject) -> str:
    address = f" ({subject.account_url}/_usersSettings/tokens)" if subject.account_url else ""
    return (
        f"Create a new personal access token in the organization's user settings{address} with the scopes “Project and "
        "Team (Read)” and “Work Items (Read & write)”, and save it in the integration."
    )


def _project(subject: Subject) -> str:
    return f"the project “{subject.project}”" if subject.project else "the project"


def _type(subject: Subject) -> str:
    return f"the type “{subject.work_item_type}”" if subject.work_item_type else "the work item type"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _said(error: ErrorBody) -> str:
    return f" Azure DevOps said: {error.message}" if error.message else ""


def _has_no_value(field: str) -> bool:
    """Whether the flags say that a required field is empty. `required` may also accompany flags of a wrong value."""
    return "invalidempty" in field or ("required" in field and "invalid" not in field)
