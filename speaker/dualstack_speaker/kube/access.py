# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and credentials as they are now: every file is read again when it changes, and after a refusal (401).

A new version that can't be used leaves the last good one in force; ``problem`` says why.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterable

from . import settings
from .errors import SettingsError
from .settings import Settings

_Signature = tuple[object, ...]


class Access:
    """For all threads of a process. ``kubeconfig`` None: as a pod."""

    def __init__(self, kubeconfig: str | None) -> None:
        self._path = kubeconfig
        self._lock = threading.Lock()
        self._settings: Settings | None = None
        self._settings_seen: _Signature = ()
        self._context: ssl.SSLContext | None = None
        self._context_seen: _Signature = ()
        self._token: str | None = None
        self._token_seen: _Signature = ()
        self._problems: dict[str, str] = {}
        self._generation = 0

    @property
    def problem(self) -> str:
        """What is wrong with the files; empty when nothing is."""
        problems = dict(self._problems)  # other threads note theirs
        return "; ".join(problems[name] for name in sorted(problems))

    def report(self, name: str, problem: str) -> None:
        """Notes what else is wrong with the credentials, by a name; nothing: it is no more."""
        with self._lock:
            self._problems.pop(name, None)
            if problem:
                self._problems[name] = problem

    def look(self) -> tuple[int, Settings, ssl.SSLContext | None]:
        """How to connect now, and a number that grows whenever that has changed. Raises SettingsError."""
        with self._lock:
            current = self._read_settings()
            context = self._read_context(current)
            return self._generation, current, context

    def token(self) -> str | None:
        """The bearer token, if there is one. Raises SettingsError."""
        with self._lock:
            current = self._read_settings()
            if current.token_file is None:
                return current.token
            seen = _signature([current.token_file])
            if self._token is None or seen != self._token_seen:
                try:
                    with open(current.token_file, encoding="ascii") as stream:
                        text = stream.read().strip()
                except (OSError, UnicodeDecodeError) as error:
                    self._keep("token", f"{current.token_file}: {_reason(error)}", self._token is not None)
                else:
                    if text:
                        self._token, self._token_seen = text, seen
                        self._problems.pop("token", None)
                    else:
                        self._keep("token", f"{current.token_file}: is empty", self._token is not None)
            return self._token

    def forget(self) -> None:
        """The server has refused the credentials: read all of them again before the next request."""
        with self._lock:
            self._settings_seen = self._context_seen = self._token_seen = ()

    def _read_settings(self) -> Settings:
        seen = _signature([self._path]) if self._path else ()
        if self._settings is not None and seen == self._settings_seen:
            return self._settings
        try:
            read = settings.from_file(self._path) if self._path else settings.in_pod()
        except SettingsError as error:
            self._keep("settings", str(error), self._settings is not None)
        else:
            if read != self._settings:
                self._settings, self._token, self._context_seen = read, None, ()
                self._generation += 1
            self._settings_seen = seen
            self._problems.pop("settings", None)
        assert self._settings is not None
        return self._settings

    def _read_context(self, current: Settings) -> ssl.SSLContext | None:
        if not current.tls:
            return None
        seen = (current, *_signature(current.files))
        if self._context is not None and seen == self._context_seen:
            return self._context
        try:
            made = _context(current)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; a half renewed pair ends here as well
            places = ", ".join(current.files) or self._path or ""
            self._keep("certificates", f"{places}: {_reason(error)}", self._context is not None)
        else:
            if self._context is not None:
                self._generation += 1
            self._context, self._context_seen = made, seen
            self._problems.pop("certificates", None)
        return self._context

    def _keep(self, name: str, problem: str, known: bool) -> None:
        self._problems[name] = problem
        if not known:
            raise SettingsError(problem)


def _signature(paths: Iterable[str]) -> _Signature:
    found: list[object] = []
    for path in paths:
        try:
            facts = os.stat(path)
            found.append((facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino))
        except OSError:
            found.append(path)
    return tuple(found)


def _context(current: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=current.ca, cafile=current.ca_file)
    if not current.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if current.certificate_file and current.key_file:
        context.load_cert_chain(current.certificate_file, current.key_file)
    elif current.certificate or current.certificate_file:
        _load_pair(context, current)
    return context


def _load_pair(context: ssl.SSLContext, current: Settings) -> None:
    """Loads a pair of which a part stands in the kubeconfig: ssl takes files only, so one in memory it is."""
    parts = []
    for text, path in ((current.certificate, current.certificate_file), (current.key, current.key_file)):
        if text is None and path is not None:
            with open(path, encoding="ascii") as stream:
                text = stream.read()
        parts.append((text or "").strip() + "\n")
    descriptor = os.memfd_create("pair", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, "".join(parts).encode())
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
