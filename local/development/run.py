"""`python dev.py run`: the whole system on this machine, with a sample integration and commands to try it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path

from local.api_client import ApiError
from local.development.console import DEV_FOLDER, CommandFailed, print_failure, say, step
from local.development.environment import (
    development_environment,
    make_extension_ready,
    only_one_installer,
)
from local.extension.build import BuildFolder
from local.sample import INTEGRATION_ID, set_up_sample
from local.service import ServiceFailed
from local.system import ACCOUNT, AHA_TOKEN, WRITE_TOKEN, LocalSystem, SystemOptions, make_secrets_key


def main() -> int:
    """Start the system, print how to use it, and wait for Ctrl-C. Returns the exit code."""
    arguments = _read_arguments()
    # `kill` and a closed terminal stop everything as Ctrl-C does. A shell may have disabled Ctrl-C.
    for ending in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(ending, signal.default_int_handler)
    try:
        _run(arguments)
    except (CommandFailed, ServiceFailed, ApiError) as problem:
        print_failure(CommandFailed(str(problem)))
        return 1
    except KeyboardInterrupt:
        # The terminal may have been closed.
        with contextlib.suppress(OSError):
            say("\nStopped.")
    return 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py run",
        description="Start Azurite's table service, a sandbox Azure DevOps, a sandbox Aha! and the function app on "
        "this machine, set up a sample integration, and print commands to try. Ctrl-C stops everything.",
    )
    parser.add_argument(
        "--real",
        action="store_true",
        help="no sandboxes: the functions call the real Azure DevOps and Aha!; the configuration is kept in .dev",
    )
    parser.add_argument(
        "--host",
        choices=["local", "func"],
        default="local",
        help="local: this repository's small function host (default); func: Azure Functions Core Tools",
    )
    return parser.parse_args()


def _run(arguments: argparse.Namespace) -> None:
    system = LocalSystem(_options(arguments))
    try:
        with step(f"Starting {', '.join(service.name for service in system.services)}"):
            system.start()
        if arguments.real:
            _show_real(system)
        else:
            _build_extension()
            with step(f"Setting up the sample integration {INTEGRATION_ID}"):
                set_up_sample(system)
            _show_sandbox(system)
        say("\nCtrl-C stops everything.")
        _watch(system)
    finally:
        # A second Ctrl-C must not interrupt the stopping.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        system.stop()


def _build_extension() -> None:
    """Build the extension for the pages of the sandbox Aha!. Everything else works without it."""
    try:
        with step("Building the Aha! extension"), only_one_installer():
            make_extension_ready(development_environment())
            BuildFolder(development_environment()).build()
    except CommandFailed as failure:
        say(f"  The pages of the sandbox Aha! do not have the extension: {str(failure).splitlines()[0]}")


def _options(arguments: argparse.Namespace) -> SystemOptions:
    if not arguments.real:
        return SystemOptions(usual_ports=True, host=arguments.host, reads_settings_file=True)
    return SystemOptions(
        usual_ports=True,
        has_sandboxes=False,
        storage_folder=DEV_FOLDER / "tables",
        host=arguments.host,
        secrets_key=os.environ.get("SECRETS_KEY") or _kept_secrets_key(DEV_FOLDER / "secrets-key"),
        reads_settings_file=True,
    )


def _kept_secrets_key(path: Path) -> str:
    """The key that encrypts the tokens in .dev/tables. It is made once, and only its owner can read the file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make_secrets_key())
    return path.read_text(encoding="ascii").strip()


def _show_sandbox(system: LocalSystem) -> None:
    api, key = f"{system.functions_url}/api", f"x-functions-key: {system.function_key}"
    json_type = "content-type: application/json"
    integration = f"{api}/integrations/{INTEGRATION_ID}"
    work_item = f"{system.azure_devops.url}/{ACCOUNT}/_apis/wit/workitems/1?api-version=7.1"
    patch = json.dumps([{"op": "add", "path": "/fields/System.State", "value": "Active"}])
    test = json.dumps({"integration_id": INTEGRATION_ID, "project": "Fabrikam"})
    event = f"{system.aha.url}/_control/events/PROD-1?event=create_feature"
    curl = "curl -sS"
    _show_addresses(system)
    say(f"  sandbox Azure DevOps, the board   {system.azure_devops.url}/")
    say(f"  sandbox Aha!                      {system.aha.url}/")
    say(f"  a feature to send from there      {system.aha.url}/features/PROD-1")
    say("\n1. Test the connection\n")
    say(f"{curl} -X POST {api}/test-connection -H {_q(key)} -H {_q(json_type)} -d {_q(test)}")
    say("\n2. Send the sample feature PROD-1; its work item is number 1\n")
    say(
        f"{curl} {_q(event)} | {curl} -X POST {integration}/features -H {_q(key)} -H {_q(json_type)} "
        "--data-binary @-"
    )
    say("\n3. Change that work item's state as an engineer would; the service hook notifies the functions\n")
    say(
        f"{curl} -X PATCH {_q(work_item)} -u {_q(':' + WRITE_TOKEN)} "
        f"-H 'content-type: application/json-patch+json' -d {_q(patch)}"
    )
    say("\nThen read the feature in Aha!, whose status is now In progress, and the log of these steps\n")
    say(f"{curl} {system.aha.url}/api/v1/features/PROD-1 -H {_q('authorization: Bearer ' + AHA_TOKEN)}")
    say(f"{curl} {_q(integration + '/log?limit=20')} -H {_q(key)}")
    _show_reconcile(system)


def _show_reconcile(system: LocalSystem) -> None:
    say(
        "\nThe timer does not run by itself here. Run Reconcile once, to sync changes whose notifications were lost\n"
    )
    url, key = f"{system.functions_url}/admin/functions/Reconcile", f"x-functions-key: {system.master_key}"
    say(f"curl -sS -i -X POST {url} -H {_q(key)} -H {_q('content-type: application/json')} -d '{{}}'")


def _show_real(system: LocalSystem) -> None:
    _show_addresses(system)
    say(f"  kept in                           {DEV_FOLDER}: tables, and the key that encrypts tokens")
    say(
        "\nSet up an integration on the configuration page. Azure DevOps reaches the webhook only if PUBLIC_URL\n"
        "is an address that it can reach, such as a tunnel's; set it before the start."
    )


def _show_addresses(system: LocalSystem) -> None:
    say(f"\n  configuration page                {system.functions_url}/api/console")
    say(f"  its function key                  {system.function_key}")
    say(f"  a key of SendFeature alone        {system.send_key}")
    say(f"  functions                         {system.functions_url}/api")
    say(f"  logs                              {system.function_host.log.parent}")


def _q(text: str) -> str:
    return shlex.quote(text)


def _watch(system: LocalSystem) -> None:
    while True:
        for service in system.services:
            if service.pid is None:
                raise ServiceFailed(
                    f"{service.name} has ended. The end of {service.log}:\n{service.recent_log()}"
                )
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
