"""The defects: each breaks one promise, and names the tests that must fail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutation:
    """One defect: in `file`, `original` (which stands there once) becomes `defect`. `tests` are arguments of pytest."""

    name: str
    file: str
    original: str
    defect: str
    tests: tuple[str, ...]

    def fault(self) -> str | None:
        """Why the mutation cannot be applied to the product as it is; None if it can."""
        path = ROOT / self.file
        if not path.is_file():
            return f"there is no {self.file}"
        count = path.read_text(encoding="utf-8").count(self.original)
        return None if count == 1 else f"its original stands {count} times in {self.file}"

    def apply(self, root: Path) -> None:
        """Put the defect into a copy of the product."""
        path = root / self.file
        path.write_text(
            path.read_text(encoding="utf-8").replace(self.original, self.defect), encoding="utf-8"
        )


_RECONCILE = ("tests/e2e/test_reconcile.py",)
_PROTOCOL = ("tests/unit/sending",)
_OWN_WRITES = ("tests/e2e/test_own_writes.py",)

MUTATIONS = (
    Mutation(
        "Reconcile returns at once",
        "shared/timer/run.py",
        "    run = Operation.start(budget_seconds, caller)\n",
        "    run = Operation.start(0.0, caller)\n",
        _RECONCILE,
    ),
    Mutation(
        "A send is not noted with its claims",
        "shared/storage/record_writes.py",
        "    outcomes = write_records(table, [RecordWrite(key, (also,)), *writes])\n",
        '    outcomes = write_records(table, writes) | {key: Written(("etag",))}\n',
        ("tests/storage/test_unfinished_sends.py",),
    ),
    Mutation(
        "The note of a send goes although a link cannot be written",
        "shared/storage/record_writes.py",
        "            return Outcomes(write_records(table, writes))\n        return",
        "            return Outcomes(write_records(table, writes), table.transact([also])[0])\n        return",
        ("tests/storage/test_unfinished_sends.py",),
    ),
    Mutation(
        "An outage counts as a final refusal",
        "shared/errors.py",
        'take effect later, because the client only stopped waiting.\n    """\n\n    may_pass = True\n',
        'take effect later, because the client only stopped waiting.\n    """\n',
        ("tests/unit/test_errors.py",),
    ),
    Mutation(
        "What a notification wrote into Aha! is sent back",
        "shared/domain/auto_update.py",
        "        name not in link.base or link.base[name].aha != text\n",
        "        name not in link.base or link.base[name].azure_devops != text\n",
        ("tests/unit/domain/test_auto_update.py", "tests/e2e/test_timer_auto_update.py"),
    ),
    Mutation(
        "The watermark is lost",
        "shared/storage/watermarks.py",
        "        return Watermark(seen_until, row.written_at or seen_until)\n",
        "        return None\n",
        _RECONCILE,
    ),
    Mutation(
        "The watermark moves past what failed",
        "shared/domain/backfill_progress.py",
        "        return max(self.since, min(moments))\n",
        "        return max(self.since, moments[0])\n",
        _RECONCILE,
    ),
    Mutation(
        "The watermark follows changes that were made after the query",
        "shared/domain/backfill_progress.py",
        "        in_the_query = [moment for moment in page.changed if moment <= page.complete_to]\n",
        "        in_the_query = list(page.changed)\n",
        _RECONCILE,
    ),
    Mutation(
        "Reconcile leaves late links alone",
        "shared/domain/late_links.py",
        "        and (item.agreed_revision == 0 or item.synced_at is None or item.synced_at < new)\n",
        "        and item.synced_at is None\n",
        ("tests/unit/domain/test_late_links.py", "tests/e2e/test_reconcile.py"),
    ),
    Mutation(
        "The timer gives up where a person has to repair the access",
        "shared/domain/unfinished_sends.py",
        "(error.may_pass or (by_timer and error.needs_access))",
        "error.may_pass",
        ("tests/unit/domain/test_unfinished_sends.py", "tests/e2e/test_timer_finishes_sends.py"),
    ),
    Mutation(
        "Splitting is dead",
        "shared/clients/query_windows.py",
        '            if error.evidence.get("azure_devops_code") != _TOO_MANY_MATCHES or not may_shorten:\n',
        "            if error:\n",
        _RECONCILE,
    ),
    Mutation(
        "No look-up of orphans at the next send",
        "shared/sending/adopt.py",
        "    if not inherited:\n        return {}\n",
        "    if inherited or not inherited:\n        return {}\n",
        ("tests/e2e/test_send_at_once.py", "tests/e2e/test_send_lost_answers.py"),
    ),
    Mutation(
        "A send that ends removes the claim under which it may have created",
        "shared/sending/own_claims.py",
        "        self.forget(sorted(self._may_have_created))\n",
        "        self.forget(())\n",
        ("tests/storage/test_own_claims.py",),
    ),
    Mutation(
        "A strange work item stops the whole look",
        "shared/sending/look_steps.py",
        "    outcomes = run(isolated(step, context.operation, name_of_state), states)\n",
        "    outcomes = run(step, states)\n",
        ("tests/storage/test_look.py",),
    ),
    Mutation(
        "A work item that Aha! names is taken from the record that is linked to it",
        "shared/domain/adoption.py",
        "        if record_id == linked.get(work_item_id, first[work_item_id])\n",
        "        if record_id == first[work_item_id]\n",
        ("tests/unit/domain/test_adoption.py",),
    ),
    Mutation(
        "No search after a lost answer",
        "shared/sending/batch_attempts.py",
        "        return (yield from _find_created(requested, _PAUSES_AFTER_LOST_ANSWER))\n",
        "        return BatchProgress({}, requested)\n",
        _PROTOCOL,
    ),
    Mutation(
        "A batch answer without the result of each operation is accepted",
        "shared/sending/batch_answer.py",
        "    return readable if len(readable) == expected else None\n",
        "    return readable or None\n",
        _PROTOCOL,
    ),
    Mutation(
        "A lost answer is taken for a refusal",
        "shared/sending/batch_attempts.py",
        "    if not error.outcome_unknown:\n",
        "    if error:\n",
        _PROTOCOL,
    ),
    Mutation(
        "A create that may still run is repeated",
        "shared/sending/batch_attempts.py",
        "    if not error.may_still_run:\n",
        "    if error:\n",
        _PROTOCOL,
    ),
    Mutation(
        "Claims are held for every branch at once, before threads are free",
        "shared/sending/batch_writer.py",
        "        while self._ready and len(self._running) < MOST_AT_ONCE:\n",
        "        while self._ready:\n",
        ("tests/storage/test_writing_creates.py",),
    ),
    Mutation(
        "A create may take longer than its claim holds",
        "shared/clients/azure_devops.py",
        "        exchange_seconds=CREATE_TAKES_AT_MOST.total_seconds(),\n",
        "",
        ("tests/unit/clients/test_claimed_creates.py",),
    ),
    Mutation(
        "A gateway's answer ends what runs behind it",
        "shared/clients/azure_devops_errors.py",
        "        failure.may_still_run = may_still_run(_answer(status, error), response.seconds)\n",
        "        failure.may_still_run = False\n",
        ("tests/unit/clients/test_azure_devops_errors.py",),
    ),
    Mutation(
        "A move takes a work item off its parent, and puts it below none",
        "shared/sending/work_item_write.py",
        '            raise ValueError("a work item goes below the feature, which has no work item")\n',
        "            return self.document\n",
        ("tests/unit/sending/test_work_item_write.py",),
    ),
    Mutation(
        "The claim of a create that may exist is given back",
        "shared/sending/batch_attempts.py",
        "    if attempt.write.creates and attempt.is_unanswered:\n        return unknown(error)\n",
        "",
        _PROTOCOL,
    ),
    Mutation(
        "/rev is not tested",
        "shared/domain/patches.py",
        '    document: PatchDocument = [{"op": "test", "path": "/rev", "value": revision}]\n',
        "    document: PatchDocument = []\n",
        ("tests/unit/domain/test_patches.py",),
    ),
    Mutation(
        "The claim is not renewed",
        "shared/domain/claims.py",
        "    return age > RENEW_AFTER or claim.intended != intended\n",
        "    return False\n",
        ("tests/unit/domain/test_claims.py",),
    ),
    Mutation(
        "A claim's age is not looked at",
        "shared/domain/claims.py",
        "    return ClaimDecision.TAKE_OVER if is_abandoned or age >= CLAIM_HOLDS else ClaimDecision.WAIT\n",
        "    return ClaimDecision.TAKE_OVER if is_abandoned or age else ClaimDecision.TAKE_OVER\n",
        ("tests/unit/domain/test_claims.py",),
    ),
    Mutation(
        "LEAVE becomes WRITE",
        "shared/domain/merge.py",
        "    if not source_changed:\n        return FieldOutcome.LEAVE\n",
        "    if not source_changed:\n        return FieldOutcome.WRITE\n",
        ("tests/unit/domain",),
    ),
    Mutation(
        "A notification commits before the answer",
        "shared/receiving/inbound_sync.py",
        "                written = self._write(intended, both, plan)\n",
        "                self._commit(intended, both, plan, WrittenToAha(both.record))\n"
        "                written = self._write(intended, both, plan)\n",
        ("tests/e2e/test_receive_outages.py",),
    ),
    Mutation(
        "A send does not note its intentions",
        "shared/sending/intend.py",
        "        if intentions and stored is not None and link is not None:\n",
        "        if not stored and intentions and link is not None:\n",
        _OWN_WRITES,
    ),
    Mutation(
        "A notification does not note its intentions",
        "shared/receiving/inbound_sync.py",
        "        link = with_intentions(both.link, intentions)\n",
        "        link = with_intentions(both.link, intentions[:0])\n",
        _OWN_WRITES,
    ),
    Mutation(
        "An intention that happened is not recognised",
        "shared/domain/intentions.py",
        "    if made is not None and _made_revision(item, made, seen.images):\n",
        "    if made is not None and not item:\n",
        ("tests/unit/domain/test_intentions.py",),
    ),
    Mutation(
        "A write that was refused keeps its intention",
        "shared/sending/after_write.py",
        "    if outcome.changed_nothing:\n",
        "    if not outcome.changed_nothing:\n",
        ("tests/unit/sending/test_after_write.py", *_OWN_WRITES),
    ),
    Mutation(
        "A requirement is put below a feature that was refused",
        "shared/sending/decide.py",
        "    if item.needs_feature and parent.obstacle is not None:\n",
        "    if item.creates_link and parent.obstacle is not None:\n",
        ("tests/unit/sending/test_decide.py",),
    ),
    Mutation(
        "A written record whose link was not stored counts as done",
        "shared/sending/result.py",
        "        return replace(self, done=done, work_item=",
        "        return replace(self, action=done, done=done, work_item=",
        ("tests/unit/sending/test_result.py",),
    ),
    Mutation(
        "A record that was unlinked meanwhile is created again",
        "shared/sending/progress.py",
        "            return is_free and was_here and key not in claimed\n",
        "            return is_free and key in claimed\n",
        ("tests/unit/sending/test_progress.py",),
    ),
    Mutation(
        "A work item is created again after its claim was removed",
        "shared/sending/progress.py",
        "            was_here = key in self.linked or self.results[key].done is not None\n",
        "            was_here = key in self.linked\n",
        ("tests/unit/sending/test_progress.py",),
    ),
    Mutation(
        "The note of a part of a feature replaces an earlier note",
        "shared/domain/unfinished_sends.py",
        "    return feature.lists_requirements and all(\n",
        "    return feature.lists_requirements or all(\n",
        ("tests/unit/domain/test_unfinished_sends.py",),
    ),
    Mutation(
        "The timer makes a new work item for an unlinked requirement",
        "shared/domain/unlink_rules.py",
        "    return replace(feature, unlinked_ids=(*others, requirement_id)[-_MOST_UNLINKED:])\n",
        "    return replace(feature, unlinked_ids=(*others,)[-_MOST_UNLINKED:])\n",
        ("tests/unit/domain/test_unlink_rules.py",),
    ),
    Mutation(
        "The text that a notification is replacing is sent",
        "shared/domain/field_decisions.py",
        "    if is_being_replaced(link, name, text, record.updated_at, now):\n        return True\n",
        "",
        _OWN_WRITES,
    ),
    Mutation(
        "An older payload undoes a newer one",
        "shared/domain/field_decisions.py",
        "    return record.updated_at < link.sent_as_of\n",
        "    return False\n",
        ("tests/unit/domain",),
    ),
    Mutation(
        "The agreed revision moves past a change that was left alone",
        "shared/domain/agreed_revision.py",
        "    if is_agreed:\n",
        "    if link:\n",
        ("tests/unit/domain",),
    ),
    Mutation(
        "A row of a newer schema is read",
        "shared/storage/rows.py",
        "    if schema > newest:\n",
        "    if schema > newest + 1000:\n",
        ("tests/unit/storage", "tests/storage/test_links.py"),
    ),
    Mutation(
        "A success of any kind ends a problem",
        "shared/storage/outcomes.py",
        'conditions = "kind eq @kind and has_succeeded eq true"',
        'conditions = "has_succeeded eq true"',
        ("tests/storage/test_outcomes.py",),
    ),
    Mutation(
        "A refused token is a record's own problem",
        "shared/operation_outcome.py",
        "        return bool(self.feature_id) and self.refused_by is None\n",
        "        return bool(self.feature_id)\n",
        ("tests/unit/domain/test_health.py",),
    ),
    Mutation(
        "A record with an error counts as gone through",
        "shared/outcome_notes.py",
        'through = (done | effects[Effect.UNLINKED]) - self._failing - {""}',
        'through = (done | effects[Effect.UNLINKED]) - {""}',
        ("tests/unit/test_outcome_notes.py",),
    ),
    Mutation(
        "A search of the log ends with the rows that one call looks at",
        "shared/storage/log_store.py",
        "                self.stopped_at = row.row_key\n",
        "",
        ("tests/storage/test_log_store.py",),
    ),
    Mutation(
        "A product may be taken by its id and by its prefix",
        "shared/api/product_owner.py",
        "is_product_id(one.product_id) != is_product_id(other.product_id)",
        "is_product_id(one.product_id) == is_product_id(other.product_id)",
        ("tests/unit/api/test_product_owner.py",),
    ),
    Mutation(
        "The end of a token is a problem when it is over",
        "shared/domain/token_end.py",
        "_WARNED_BEFORE = timedelta(days=14)\n",
        "_WARNED_BEFORE = timedelta(days=-1)\n",
        ("tests/unit/domain/test_token_end.py",),
    ),
    Mutation(
        "An imported integration can send before its links are there",
        "operate/importing.py",
        "        start = replace(wanted, enabled=False)\n",
        "        start = wanted\n",
        ("tests/operate/test_export_import.py",),
    ),
    Mutation(
        "A new key is written over what somebody saved meanwhile",
        "operate/rotation.py",
        "            table.transact([Replace(reencrypted_row(row, vault), row.etag)])\n",
        '            table.transact([Replace(reencrypted_row(row, vault), "*")])\n',
        ("tests/operate/test_rotate_key.py",),
    ),
    Mutation(
        "What a send stores while the tables are read is a fault",
        "operate/confirm.py",
        "        found = in_parallel(second_read.of, possible_faults[start : start + _AT_ONCE])\n",
        "        found = list(possible_faults[start : start + _AT_ONCE])\n",
        ("tests/operate/test_check.py",),
    ),
    Mutation(
        "A lost link is stored without its pointer",
        "operate/link_repairs.py",
        "(Insert(pointer_row(integration_id, link)), Insert(link_row(integration_id, link)))\n",
        "(Insert(link_row(integration_id, link)),)\n",
        ("tests/storage/test_link_repairs.py",),
    ),
    Mutation(
        "Abuse: a number that stands for a local address is called",
        "shared/clients/addresses.py",
        "        if ends_in_a_number(host):\n",
        "        if False:\n",
        ("tests/unit/test_refused_addresses.py",),
    ),
    Mutation(
        "Abuse: a name is resolved once more after it was checked",
        "shared/clients/addresses.py",
        "            connection.connect(address)\n",
        "            connection.connect((host, port))\n",
        ("tests/unit/clients/test_addresses.py",),
    ),
    Mutation(
        "Abuse: an answer is read whatever its size",
        "shared/clients/transport.py",
        "        if size > LARGEST_ANSWER:\n",
        "        if False:\n",
        ("tests/unit/clients/test_transport.py",),
    ),
    Mutation(
        "Abuse: a browser may take an answer for a page",
        "shared/edge.py",
        ', "X-Content-Type-Options": "nosniff"}',
        "}",
        ("tests/unit/test_edge.py",),
    ),
    Mutation(
        "Abuse: an unknown column of an integration is lost by a save",
        "shared/storage/integration_rows.py",
        "        **stored.unknown,\n",
        "",
        ("tests/unit/storage/test_incomplete_rows.py",),
    ),
    Mutation(
        "Abuse: any number of brackets is parsed",
        "shared/json_bounds.py",
        "    return containers <= MOST_CONTAINERS and containers + commas <= MOST_VALUES\n",
        "    return True\n",
        ("tests/unit/test_json_bounds.py",),
    ),
    Mutation(
        "Watch: everybody is let in",
        "shared/admission.py",
        "            if is_full and self._inside:\n",
        "            if False:\n",
        ("tests/unit/test_admission.py",),
    ),
    Mutation(
        "Watch: other systems are not told of the trace",
        "shared/clients/http.py",
        "                **self._operation.trace.headers,\n",
        "",
        ("tests/unit/clients/test_http_watched.py",),
    ),
    Mutation(
        "Watch: a malformed tracestate is passed on",
        "shared/trace_context.py",
        "is_sampled, valid_state(trace_state))\n",
        "is_sampled, trace_state)\n",
        ("tests/unit/test_trace_context.py",),
    ),
    Mutation(
        "Watch: a request that was repeated counts as the first one",
        "shared/operation_counts.py",
        'detail.get("attempt", 1) > 1:\n',
        'detail.get("attempt", 1) > 9:\n',
        ("tests/unit/test_operation_line.py",),
    ),
    Mutation(
        "Watch: what a notification was refused for has no line",
        "shared/edge.py",
        "        operation.log.flush()\n        write_line(operation, end)\n",
        "        operation.log.flush()\n",
        ("tests/unit/test_operation_line.py",),
    ),
)
