"""Measure, and print one table for each question."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.bench.bench import Options
    from local.bench.questions import Question
    from local.bench.tables import Table


def main() -> int:
    """Run the bench."""
    parser = _parser()
    arguments = parser.parse_args()
    from local.bench.questions import QUESTIONS, chosen

    if arguments.list:
        width = max(len(question.name) for question in QUESTIONS)
        print("\n".join(f"{question.name:<{width}}  {question.summary}" for question in QUESTIONS))
        return 0
    try:
        questions = chosen(arguments.only)
    except ValueError as problem:
        parser.error(str(problem))
    if arguments.markdown and (fault := _document_fault(arguments.markdown, questions)):
        parser.error(fault)
    options = _options(arguments)
    tables = _ask(questions, options, is_json=arguments.json)
    if arguments.json:
        print(json.dumps({name: table.to_json() for name, table in tables.items()}, indent=2))
    if arguments.markdown:
        _write(arguments.markdown, tables, options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python dev.py bench",
        description="Measures sends, notifications, storage, cold starts and growth against both sandboxes with the "
        "latency of a network, and compares them with a naive implementation and with the latency alone. Compare the "
        "ratios, because times depend on the machine.",
    )
    parser.add_argument(
        "--latency-ms", type=int, default=50, help="latency of Azure DevOps and of Aha! (default: 50)"
    )
    parser.add_argument(
        "--storage-latency-ms",
        type=int,
        default=5,
        help="latency of Table Storage where its requests are counted, added to the emulator's own time (default: 5)",
    )
    parser.add_argument(
        "--requirements", type=int, help="with --attachments: sends and storage of this one size"
    )
    parser.add_argument("--attachments", type=int, default=0)
    parser.add_argument("--only", metavar="NAME[,NAME]", help="only these tables")
    parser.add_argument("--list", action="store_true", help="list the tables")
    parser.add_argument("--full", action="store_true", help="test up to 100,000 links and operations (slow)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="also write the tables into a document such as docs/benchmarks.md",
    )
    return parser


def _options(arguments: argparse.Namespace) -> Options:
    from local.bench.bench import USUAL_SIZES, Options

    is_one_size = arguments.requirements is not None
    sizes = ((arguments.requirements, arguments.attachments),) if is_one_size else USUAL_SIZES
    return Options(arguments.latency_ms, arguments.storage_latency_ms, sizes, arguments.full)


def _ask(questions: list[Question], options: Options, *, is_json: bool) -> dict[str, Table]:
    from local.bench.bench import Bench
    from local.bench.progress import progress

    tables: dict[str, Table] = {}
    with Bench(options) as bench:
        for question in questions:
            progress(f"{question.name}: {question.summary} ...")
            started = time.monotonic()
            tables[question.name] = question.ask(bench)
            progress(f"  done in {time.monotonic() - started:.0f} s")
            if not is_json:
                print(f"\n{tables[question.name].to_text()}\n", flush=True)
    return tables


def _document_fault(path: Path, questions: list[Question]) -> str | None:
    """Why the tables cannot be written to the document, None if they can. Checked before anything is measured."""
    from local.bench.document import MACHINE, missing_places

    if not path.is_file():
        return f"there is no document {path}"
    names = [MACHINE, *(question.name for question in questions)]
    missing = missing_places(path.read_text(encoding="utf-8"), names)
    return f"{path} has no place for {', '.join(missing)}" if missing else None


def _write(path: Path, tables: dict[str, Table], options: Options) -> None:
    from local.bench.document import MACHINE, machine, with_content

    document = path.read_text(encoding="utf-8")
    document = with_content(document, MACHINE, machine(options.latency_ms, options.storage_latency_ms))
    for name, table in tables.items():
        document = with_content(document, name, table.to_markdown())
    path.write_text(document, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
