"""The body of a mail on the SMTP wire: the one place that reaches below the library's public calls.

The library sends DATA and the body in one call, between which nothing could be recorded; here the body goes by itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiosmtplib import SMTPResponse, SMTPServerDisconnected

if TYPE_CHECKING:
    from aiosmtplib.protocol import SMTPProtocol

BLOCK_SIZE = 64 * 1024


def canonical(raw: bytes) -> bytes:
    """Return the mail as SMTP wants it: each of CRLF, CR, LF becomes CRLF, and the last line ends (RFC 5321 2.3.8)."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return (lines if lines.endswith(b"\n") else lines + b"\n").replace(b"\n", b"\r\n")


def require_in_step(protocol: SMTPProtocol) -> None:
    """Raise when more was received than was asked for: the next reply would be taken for the answer to the body.

    The library keeps such a rest in a private buffer and offers no other way to see it.
    """
    if rest := protocol._buffer.decode(errors="replace"):
        raise SMTPServerDisconnected(f"the server said more than it was asked for: {rest}")


async def transmit(
    protocol: SMTPProtocol, payload: bytes, *, block_timeout: float, final_timeout: float
) -> tuple[SMTPResponse, bool]:
    """Send the mail with its final dot; return the reply, and whether it came after the whole was written.

    ``payload`` is canonical; timeouts are in seconds (RFC 5321 4.5.3.2.5 and .6). A server may refuse in the middle of
    a long body, so its reply is awaited from the beginning. Raises TimeoutError, and the library's SMTPException.
    """
    stuffed = (b"." if payload.startswith(b".") else b"") + payload.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    answer = asyncio.create_task(protocol.read_response())
    try:
        await asyncio.sleep(0)  # lets the task begin to listen
        whole = await _write(protocol, stuffed, answer, block_timeout)
        return await asyncio.wait_for(answer, final_timeout), whole
    finally:
        answer.cancel()


async def _write(protocol: SMTPProtocol, data: bytes, answer: asyncio.Task[SMTPResponse], timeout: float) -> bool:
    """Write block by block; return False as soon as the server answers or hangs up before the end."""
    for start in range(0, len(data), BLOCK_SIZE):
        if answer.done():
            return False
        try:
            protocol.write(data[start : start + BLOCK_SIZE])
            async with asyncio.timeout(timeout):
                # Private, and the one thing write() lacks: waiting for the buffer to empty, as StreamWriter.drain does.
                await protocol._drain_helper()
            await asyncio.sleep(0)  # an empty buffer is no reason to wait, but an early answer must be seen
        except ConnectionError:
            return False
    return True
