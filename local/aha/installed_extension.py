"""The built Aha! extension in the sandbox account: its settings, its account fields, and its server handlers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.development.environment import development_environment
from local.extension.archive import ExtensionArchive, read_archive
from local.extension.build import BuildFolder
from local.extension.handlers import HandlerFailed, run_handlers

_log = logging.getLogger(__name__)
_BROWSER_CONTRIBUTIONS = ("views", "commands")
_REACT = {"react.js": "react", "react-dom.js": "react-dom"}


class InstalledExtension:
    """What the account keeps for the extension. Safe for several threads."""

    def __init__(self) -> None:
        self._build_folder = BuildFolder(development_environment())
        self._handlers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="extension-handler")
        self._lock = threading.Lock()
        self._settings: dict[str, Any] = {}
        self._fields: dict[tuple[str, str], Any] = {}

    def clear(self) -> None:
        """Forget settings and fields, as if the extension was just installed."""
        with self._lock:
            self._settings, self._fields = {}, {}

    @property
    def archive(self) -> ExtensionArchive | None:
        """The extension; None if it was not built."""
        path = self._build_folder.archive
        return read_archive(path) if path.exists() else None

    def change_settings(self, settings: Mapping[str, Any]) -> None:
        """Set the named settings, as an administrator does."""
        with self._lock:
            self._settings |= settings

    def browser_settings(self, archive: ExtensionArchive) -> dict[str, Any]:
        """The settings that Aha! gives to a browser: all but the secret ones."""
        declared = archive.configuration["contributes"].get("settings", {})
        with self._lock:
            return {
                name: value
                for name, value in self._settings.items()
                if declared.get(name, {}).get("type") not in (None, "secret")
            }

    def browser_script(self, name: str) -> str | None:
        """The script of a view or command; None for anything else, such as a server handler."""
        archive = self.archive
        if archive is None:
            return None
        contributes = archive.configuration["contributes"]
        is_for_browsers = any(name in contributes.get(kind, {}) for kind in _BROWSER_CONTRIBUTIONS)
        return archive.scripts.get(name) if is_for_browsers else None

    def react_file(self, name: str) -> Path | None:
        """React as Aha! provides it: it is no part of the extension."""
        package = _REACT.get(name)
        if package is None:
            return None
        path = self._build_folder.folder / "node_modules" / package / "umd" / f"{package}.production.min.js"
        return path if path.exists() else None

    def trigger(self, event: str, args: object) -> None:
        """Start the server handlers of an event. Nobody waits for them."""
        archive = self.archive
        if archive is not None:
            self._handlers.submit(self._handle, archive, event, args)

    def _handle(self, archive: ExtensionArchive, event: str, args: object) -> None:
        with self._lock:
            settings = dict(self._settings)
        try:
            written = run_handlers(self._build_folder.environment.node, archive, event, args, settings)
        except HandlerFailed as failure:
            _log.warning("a handler of %s failed: %s", event, failure)
            return
        with self._lock:
            self._fields |= {(field.extension, field.name): field.value for field in written}

    def field(self, extension: str, name: str) -> Any:
        """An account field; None if it is not set."""
        with self._lock:
            return self._fields.get((extension, name))

    def clear_field(self, extension: str, name: str) -> None:
        """Clear an account field."""
        with self._lock:
            self._fields.pop((extension, name), None)
