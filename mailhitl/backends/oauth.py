"""Access tokens for Microsoft 365: signed in once by the device flow (RFC 8628), renewed from then on by msal.

The refresh token lives in one file per mailbox that only its owner may read. Whoever reads that file reads the mailbox.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailhitl.errors import MailhitlError, PermanentFailure, TemporaryFailure
from mailhitl.kept import keep_name, replace_file
from mailhitl.mail.text import one_line

#: To read the mailbox and to send as it. msal adds ``offline_access`` by itself.
SCOPES = ("https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send")
#: What the token endpoint says when a moment later all may be well.
PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
LONGEST = 300
#: What msal lets through when an endpoint is away or talks nonsense; what ``requests`` raises is an OSError.
FAILURES = (OSError, ValueError, LookupError, TypeError, RuntimeError)
#: How long the endpoint may take for one answer.
SECONDS = 30


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """Where to sign in. ``authority`` is ``https://host/tenant``, ``file`` keeps what was signed in, ``renew_by`` is
    the command that a person runs when it is not good any more."""

    client_id: str
    authority: str
    file: Path
    renew_by: str


class Tokens:
    """Gives an access token for each login. Safe to use from several threads."""

    def __init__(self, settings: OAuthSettings) -> None:
        self._settings = settings
        self._turn = threading.Lock()

    def current(self) -> str:
        """A token that should still be good.

        Raises PermanentFailure when a person has to sign in, TemporaryFailure when the endpoint is away.
        """
        return self._token(force=False)

    def fresh(self) -> str:
        """A new token, for when the server has refused the last one. Raises as ``current``."""
        return self._token(force=True)

    def sign_in(self, show: Callable[[str], None]) -> str:
        """Have a person sign in: ``show`` gets the address to open and the code to type there. Returns who it was.

        Raises PermanentFailure when it was refused or not done in time; what was signed in before stays then.
        """
        with self._turn, self._endpoint():
            cache = _library().SerializableTokenCache()
            client = self._client(cache)
            flow = client.initiate_device_flow(scopes=list(SCOPES))
            if "user_code" not in flow:
                raise _refused("signing in cannot begin", flow)
            show(str(flow["message"]))
            result = client.acquire_token_by_device_flow(flow)
            if "access_token" not in result:
                raise _refused("nobody was signed in", result)
            _keep(self._settings.file, cache.serialize())
            return next((str(account["username"]) for account in client.get_accounts()), "")

    def _token(self, *, force: bool) -> str:
        with self._turn, self._endpoint():
            cache = self._cache()
            client = self._client(cache)
            account = next(iter(client.get_accounts()), None)
            if account is None:
                raise self._nobody()
            result = client.acquire_token_silent_with_error(list(SCOPES), account=account, force_refresh=force)
            if cache.has_state_changed:
                _keep(self._settings.file, cache.serialize())
            if not result:
                raise self._nobody()
            if "access_token" not in result:
                raise _refused(f"the sign-in is not good any more; run: {self._settings.renew_by}", result)
            return str(result["access_token"])

    def _client(self, cache: Any) -> Any:
        # Without instance discovery nobody but the configured authority is ever asked.
        return _library().PublicClientApplication(
            self._settings.client_id,
            authority=self._settings.authority,
            token_cache=cache,
            instance_discovery=False,
            timeout=SECONDS,
        )

    def _cache(self) -> Any:
        cache = _library().SerializableTokenCache()
        try:
            cache.deserialize(self._settings.file.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            raise self._nobody() from None
        return cache

    def _nobody(self) -> PermanentFailure:
        return PermanentFailure(f"nobody has signed in; run: {self._settings.renew_by}")

    @contextmanager
    def _endpoint(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            # The words of these may hold what was sent.
            where = self._settings.authority
            raise TemporaryFailure(f"no access token from {where}: {type(error).__name__}") from None


def _library() -> Any:
    try:
        import msal
    except ImportError:
        raise PermanentFailure("signing in needs the extra “oauth”: pip install 'mailhitl[oauth]'") from None
    return msal


def _refused(doing: str, answer: dict[str, Any]) -> MailhitlError:
    code = str(answer.get("error", "no reason given"))
    words = f"{doing} ({one_line(code, LONGEST)})"
    return TemporaryFailure(words) if code in PASSING else PermanentFailure(words)


def _keep(file: Path, content: str) -> None:
    """Replace the file as a whole; at no moment can anybody else read it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The old token may be void from now on, so that a power loss must not bring it back.
    replace_file(file, content.encode(), mode=0o600)
    keep_name(file)
