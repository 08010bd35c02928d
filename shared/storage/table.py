"""One table of Azure Table Storage: reads rows, and writes them in entity group transactions.

The Azure packages are imported on first use, which keeps the import of a function cheap.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from shared.errors import OperationFailed, System, Unavailable
from shared.storage.failures import (
    app_error,
    app_is_ending,
    as_azure_error,
    azure_package_errors,
    code_of,
    may_pass,
)
from shared.storage.rows import (
    ANY_VERSION,
    MOST_OPERATIONS,
    Delete,
    Insert,
    Replace,
    Row,
    RowOperation,
    Upsert,
    check_size,
    in_groups,
)

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.data.tables import TableClient

ATTEMPTS = 3
BACKOFF_SECONDS = 0.2
_CONFLICTS = frozenset(
    (
        "EntityAlreadyExists",
        "UpdateConditionNotSatisfied",
        "ConditionNotMet",
        "ResourceNotFound",
        "EntityNotFound",
    )
)

T = TypeVar("T")


class TransactionConflict(Exception):
    """A row was not as a transaction required: present, absent or unchanged. None of its operations was done.

    After a lost answer, the conflict may be with what the first attempt wrote.
    """


class Table:
    """One table. The first write creates it if it does not exist; until then it reads as empty.

    Every method raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app.
    """

    def __init__(self, name: str, connect: Callable[[str], TableClient]) -> None:
        """`connect` returns the client for the name, and is called once."""
        self.name = name
        self._connect = connect
        self._connected: TableClient | None = None

    def get(self, partition_key: str, row_key: str) -> Row | None:
        """The row with its age, None if there is none."""
        client = self._client()
        dates: list[str] = []
        hook = _note_date(dates)
        return _or_absent(
            lambda: _row(client.get_entity(partition_key, row_key, raw_response_hook=hook), dates)
        )

    def query(
        self,
        query_filter: str,
        parameters: Mapping[str, str | datetime],
        *,
        select: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Row]:
        """The rows that match, with their ages, in the order of their keys, fetched page by page.

        `query_filter` names its parameters as single words: `PartitionKey eq @partition`.
        """
        dates: list[str] = []
        pages = (
            self._client()
            .query_entities(
                query_filter,
                parameters=dict(parameters),
                select=list(select) if select else None,
                results_per_page=page_size,
                raw_response_hook=_note_date(dates),
            )
            .by_page()
        )
        tokens: set[str] = set()
        while (page := _or_absent(lambda: _next_page(pages, dates))) is not None:
            yield from page
            token = str(getattr(pages, "continuation_token", None) or "")
            if token in tokens:
                raise Unavailable(
                    System.STORAGE,
                    f"Table Storage returns the same page of the table {self.name} repeatedly. Try again later.",
                    retry_after=5,
                )
            tokens.add(token)

    def transact(self, operations: Sequence[RowOperation]) -> list[str]:
        """Do all operations or none. Returns the new ETag of each row, empty for a removed one.

        At most 100 operations, all of one partition, each row once (ValueError otherwise). A call without an answer is
        repeated, so a conflict may be with this call's own rows.

        Raises:
            TransactionConflict: a row was not as required.
            OperationFailed: a row or the transaction is too large.
        """
        _check(operations)
        client = self._client()

        def submit() -> list[str]:
            answers = _submit(client, operations)
            return [str(answer.get("etag", "")) for answer in answers]

        for attempt in range(1, ATTEMPTS + 1):
            done = self._attempt(submit, is_last=attempt == ATTEMPTS)
            if done is not None:
                return done
            # S311: nothing to be kept secret.
            time.sleep(BACKOFF_SECONDS * attempt * random.uniform(0.75, 1.25))  # noqa: S311
        raise Unavailable(System.STORAGE, f"The table {self.name} could not be created.", retry_after=5)

    def purge(self, partition_key: str, *, up_to: datetime | None = None) -> None:
        """Remove every row of a partition, or those last written up to a moment of Table Storage's clock."""
        conditions = ["PartitionKey eq @partition"]
        parameters: dict[str, str | datetime] = {"partition": partition_key}
        if up_to is not None:
            conditions.append("Timestamp le @moment")
            parameters["moment"] = up_to
        for _ in range(ATTEMPTS):
            rows = self.query(" and ".join(conditions), parameters, select=("PartitionKey", "RowKey"))
            # A row that is written again after this query is newer than the moment, and stays.
            deletes = (Delete(row, row.etag if up_to is not None else ANY_VERSION) for row in rows)
            try:
                for group in in_groups((None, (delete,)) for delete in deletes):
                    self.transact([operation for _, operations in group for operation in operations])
                return
            except TransactionConflict:
                # Somebody else, or the first attempt of this call, removed some of them: read again.
                continue
        raise Unavailable(
            System.STORAGE, f"The table {self.name} kept changing while it was cleared.", retry_after=5
        )

    def _client(self) -> TableClient:
        if self._connected is None:
            self._connected = self._connect(self.name)
        return self._connected

    def _attempt(self, submit: Callable[[], list[str]], *, is_last: bool) -> list[str] | None:
        """The answer, or None if the call may be repeated."""
        failure: OperationFailed | AzureError | None
        try:
            return submit()
        except RuntimeError:
            # azure-core prepares a transaction on its own threads, and Python starts none when the process ends.
            code, failure = "", app_is_ending()
        except azure_package_errors() as problem:
            error = as_azure_error(problem)
            code = code_of(error)
            if code != "TableNotFound" and code not in _CONFLICTS and (is_last or not may_pass(error)):
                failure = _failure(error)
            else:
                failure = None
        if failure is not None:
            raise failure
        if code in _CONFLICTS:
            raise TransactionConflict(code)
        if code == "TableNotFound":
            self._create()
        return None

    def _create(self) -> None:
        client = self._client()
        try:
            client.create_table()
            return
        except azure_package_errors() as problem:
            error = as_azure_error(problem)
            if code_of(error) == "TableAlreadyExists":
                return
            failure = _failure(error)
        raise failure


def _or_absent(read: Callable[[], T]) -> T | None:
    """What a call reads; None if the row or the table does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return read()
    except ResourceNotFoundError:
        return None
    except azure_package_errors() as problem:
        failure = _failure(as_azure_error(problem))
    # Raised outside the handler, so that the original is not chained: it may show a URL with a SAS.
    raise failure


def _failure(error: AzureError) -> OperationFailed | AzureError:
    return app_error(error) or error


def _note_date(dates: list[str]) -> Callable[[Any], None]:
    """A hook that collects the Date of each answer."""
    return lambda response: dates.append(response.http_response.headers.get("Date", ""))


def _next_page(pages: Iterator[Any], dates: Sequence[str]) -> list[Row] | None:
    page = next(pages, None)
    return None if page is None else [_row(entity, dates) for entity in page]


def _row(entity: Any, dates: Sequence[str]) -> Row:
    properties = {name: value for name, value in entity.items() if name not in ("PartitionKey", "RowKey")}
    return Row(
        entity.get("PartitionKey", ""),
        entity.get("RowKey", ""),
        properties,
        entity.metadata.get("etag") or "",
        entity.metadata.get("timestamp"),
        _http_date(dates[-1]) if dates else None,
    )


def _http_date(text: str) -> datetime | None:
    """The Date of an answer, in whole seconds of Table Storage's clock."""
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None


def _check(operations: Sequence[RowOperation]) -> None:
    if not 0 < len(operations) <= MOST_OPERATIONS:
        raise ValueError(f"a transaction has 1 to {MOST_OPERATIONS} operations, not {len(operations)}")
    if len({operation.row.partition_key for operation in operations}) > 1:
        raise ValueError("a transaction stays within one partition")
    if len({operation.row.row_key for operation in operations}) < len(operations):
        raise ValueError("a transaction changes a row once")
    check_size(operations)


def _submit(client: TableClient, operations: Sequence[RowOperation]) -> Sequence[Mapping[str, Any]]:
    """Submit them in one request. The caller repeats it: the package does not repeat a POST without an answer."""
    entities = [_client_operation(operation) for operation in operations]
    name, entity, options = entities[0]
    if len(entities) > 1 or name not in ("update", "upsert"):
        return client.submit_transaction(entities, retry_total=0)
    # This takes a third of a transaction's processor time. Not for an insert or a delete of one row: there, the package
    # does not give the cause of a failure.
    write = client.update_entity if name == "update" else client.upsert_entity
    return [write(entity, retry_total=0, **options)]


def _client_operation(operation: RowOperation) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """An operation in the form for `TableClient.submit_transaction`."""
    from azure.core import MatchConditions

    entity = {name: _storable(value) for name, value in operation.row.properties.items()}
    entity |= {"PartitionKey": operation.row.partition_key, "RowKey": operation.row.row_key}
    if isinstance(operation, Insert):
        return "create", entity, {}
    if isinstance(operation, Upsert):
        return "upsert", entity, {"mode": "replace"}
    if not operation.etag:
        raise ValueError(f"a change of {operation.row.row_key} needs the ETag of what was read")
    is_conditional = operation.etag != ANY_VERSION
    condition = (
        {"etag": operation.etag, "match_condition": MatchConditions.IfNotModified} if is_conditional else {}
    )
    if isinstance(operation, Replace):
        return "update", entity, {"mode": "replace", **condition}
    return "delete", entity, condition


def _storable(value: Any) -> Any:
    """Replace half a surrogate pair, which JSON can hold and UTF-8 cannot, by a question mark."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
