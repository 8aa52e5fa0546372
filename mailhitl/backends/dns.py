"""The domain name system, asked for the keys that senders' domains publish."""

from __future__ import annotations

from mailhitl.errors import TemporaryFailure

#: Seconds for one look-up, over all servers: a mailbox waits for it, and a proof that is late is none.
PATIENCE = 3.0


def key_record(name: str) -> bytes | None:
    """Return the TXT record of this name, its strings joined (RFC 6376 3.6.2.2), None when there is none.

    Raises TemporaryFailure when no server answers in time.
    """
    # Takes a fifth of a second to import, and most installations never need it.
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer, resolve

    try:
        answer = resolve(name, "TXT", lifetime=PATIENCE, search=False)
    except (NXDOMAIN, NoAnswer):
        return None
    except (DNSException, OSError) as error:
        raise TemporaryFailure(f"no answer about {name}: {type(error).__name__}") from error
    return next((b"".join(record.strings) for record in answer), None)
