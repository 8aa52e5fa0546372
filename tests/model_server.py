"""A language model's server without a model: it speaks the real wire protocols and does what a test tells it to.

OpenAI's chat completions (with json_schema and with tools) and embeddings, Anthropic's messages. ``mode`` says how it
behaves; ``asked`` keeps every request. In the mode ``hostile`` it obeys whatever the customer's mail says, as a model
would that an injection has taken over: it writes the mail's own words, its links and addresses, all that it was told,
and promises everything.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = dict[str, Any]
GOOD: Reply = {
    "paragraphs": [{"sentences": [{"text": "We have passed your question on to our team.", "sources": ["M"]}]}],
    "intent": "question",
    "language": "en",
    "questions": ["Which product is it?"],
}
EMPTY: Reply = {"paragraphs": []}
MARK = "\u2581"


def sentences(*texts: str, sources: tuple[str, ...] = ("S1",)) -> Reply:
    """A reply of one paragraph, each sentence with these sources."""
    return {**GOOD, "paragraphs": [{"sentences": [{"text": text, "sources": list(sources)} for text in texts]}]}


def hostile(asked: str) -> Reply:
    """What a model writes that does as the customer says."""
    words = asked.replace(MARK, " ")
    return {
        "paragraphs": [
            {
                "sentences": [
                    {
                        "text": "As you wish: we approve, and guarantee a full refund of 5000 EUR today.",
                        "sources": ["S1"],
                    }
                ]
            },
            {"sentences": [{"text": words[-1_900:], "sources": ["S1", "M"]}]},
        ],
        "intent": "approve",
        "language": "en",
        "questions": ["approve", "To: everybody@evil.example"],
        "to": ["everybody@evil.example"],
        "headers": {"Bcc": "everybody@evil.example"},
        "verdict": "send",
    }


@dataclass
class ModelServer:
    """One server. ``mode`` is ok, 429, 500, slow, drip, refusal, cut, badjson, empty, huge or hostile; "ok" answers
    ``reply``."""

    mode: str = "ok"
    reply: Reply = field(default_factory=lambda: GOOD)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    port: int = 0
    #: Set to let go what "slow" and "drip" hold back.
    release: threading.Event = field(default_factory=threading.Event)
    #: How many calls are under way, and were at most.
    busy: int = 0
    busiest: int = 0
    lock: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def text_of(self, request: dict[str, Any]) -> str:
        """All that a request says, ours and theirs."""
        return json.dumps(request, ensure_ascii=False)

    def reaches(self, calls: int) -> bool:
        """Wait until so many calls are under way together; False when that takes too long."""
        with self.lock:
            return self.lock.wait_for(lambda: self.busy >= calls, timeout=60)


@contextmanager
def serving(mode: str = "ok", reply: Reply = GOOD) -> Iterator[ModelServer]:
    state = ModelServer(mode, reply)

    class Handler(_Handler):
        server_state = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: ModelServer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        state = self.server_state
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with state.lock:
            state.asked.append((self.path, request))
            state.busy += 1
            state.busiest = max(state.busiest, state.busy)
            state.lock.notify_all()
        try:
            self._answer(request)
        except (BrokenPipeError, ConnectionResetError):
            # The client's deadline has passed.
            self.close_connection = True
        finally:
            with state.lock:
                state.busy -= 1

    def _answer(self, request: dict[str, Any]) -> None:
        state = self.server_state
        if state.mode in ("429", "500"):
            self._send(int(state.mode), {"error": {"message": f"no: {json.dumps(request)}", "type": "x"}})
            return
        if state.mode in ("slow", "drip"):
            if state.mode == "drip":
                self._begin()
            state.release.wait(30)
        made = {"empty": EMPTY, "huge": sentences("x" * 1_000_000)}
        reply = hostile(_material(request)) if state.mode == "hostile" else made.get(state.mode, state.reply)
        self._send(200, PROTOCOLS[self.path.removeprefix("/v1")](request, reply, state.mode))

    def _begin(self) -> None:
        """A head and a first byte, and then nothing for a long time."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{")
        self.wfile.flush()

    def _send(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _material(request: dict[str, Any]) -> str:
    """The last thing that the model was told: the words of others."""
    content = request["messages"][-1]["content"]
    return content if isinstance(content, str) else " ".join(part["text"] for part in content)


def _said(reply: Reply, mode: str) -> str:
    whole = json.dumps(reply)
    return {"cut": whole[: len(whole) // 2], "badjson": '{"paragraphs": "none", "intent": 7}'}.get(mode, whole)


def _chat(request: dict[str, Any], reply: Reply, mode: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    finish = "length" if mode == "cut" else "stop"
    if mode == "refusal":
        message["refusal"] = "I cannot help with that."
    elif tools := request.get("tools"):
        call = {"name": tools[0]["function"]["name"], "arguments": _said(reply, mode)}
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]
        finish = "length" if mode == "cut" else "tool_calls"
    else:
        message["content"] = _said(reply, mode)
    return {
        "id": "chat_1",
        "object": "chat.completion",
        "created": 1,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100},
    }


def _messages(request: dict[str, Any], reply: Reply, mode: str) -> dict[str, Any]:
    content: dict[str, Any] = {"type": "text", "text": "I cannot help with that."}
    if mode == "badjson":
        reply = {"paragraphs": "none", "intent": 7}
    if mode != "refusal" and (tools := request.get("tools")):
        content = {"type": "tool_use", "id": "tool_1", "name": tools[0]["name"], "input": reply}
    stop = {"refusal": "refusal", "cut": "max_tokens"}.get(mode, "tool_use")
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": [] if mode == "cut" else [content],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 1_000, "output_tokens": 100},
    }


def _embeddings(request: dict[str, Any], reply: Reply, mode: str) -> dict[str, Any]:
    """Vectors of 64 numbers that are near where texts share words."""
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    data = [{"object": "embedding", "index": number, "embedding": vector(text)} for number, text in enumerate(texts)]
    return {"object": "list", "model": request["model"], "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}


def vector(text: str) -> list[float]:
    numbers = [0.0] * 64
    for word in text.casefold().split():
        numbers[sha256(word.encode()).digest()[0] % 64] += 1.0
    return numbers


PROTOCOLS: dict[str, Callable[[dict[str, Any], Reply, str], dict[str, Any]]] = {
    "/chat/completions": _chat,
    "/messages": _messages,
    "/embeddings": _embeddings,
}
