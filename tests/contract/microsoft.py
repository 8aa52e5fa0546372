"""A token endpoint like Microsoft's, on this machine: device flow, refresh, and whatever refusal a test wants."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

from tests.servers import HOST, Certificate


class Microsoft:
    """``with Microsoft(certificate) as endpoint: …endpoint.authority…``

    ``tokens`` are the access tokens it has given out. ``refuse`` is the error of the next answers to a refresh, and
    ``refuse_code`` to a device code. The person "types the code" after ``pending`` polls.
    """

    def __init__(self, certificate: Certificate) -> None:
        self.tokens: list[str] = []
        self.refreshed_with: list[str] = []
        self.refuse = ""
        self.refuse_code = ""
        self.pending = 1
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(200, endpoint.discovery())

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                answer = endpoint.device() if self.path.endswith("/devicecode") else endpoint.token(form)
                self.reply(400 if "error" in answer else 200, answer)

            def reply(self, status: int, answer: dict[str, Any]) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.socket = certificate.server_context().wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def authority(self) -> str:
        return f"https://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def discovery(self) -> dict[str, Any]:
        here = f"{self.authority}/organizations"
        return {
            "issuer": f"{here}/v2.0",
            "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
            "token_endpoint": f"{here}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
        }

    def device(self) -> dict[str, Any]:
        return {
            "device_code": "device-code",
            "user_code": "ABCD-EFGH",
            "verification_uri": "https://microsoft.example/devicelogin",
            "expires_in": 60,
            "interval": 0,
            "message": "Open https://microsoft.example/devicelogin and enter the code ABCD-EFGH",
        }

    def token(self, form: dict[str, list[str]]) -> dict[str, Any]:
        if form["grant_type"] == ["refresh_token"]:
            self.refreshed_with += form["refresh_token"]
            return {"error": self.refuse, "error_description": "secret words"} if self.refuse else self._issue()
        if self.refuse_code:
            return {"error": self.refuse_code}
        self.pending -= 1
        return {"error": "authorization_pending"} if self.pending >= 0 else self._issue()

    def _issue(self) -> dict[str, Any]:
        self.tokens.append(f"access-{len(self.tokens) + 1}")
        who = base64.urlsafe_b64encode(b'{"uid": "u", "utid": "t"}').decode().rstrip("=")
        return {
            "token_type": "Bearer",
            "access_token": self.tokens[-1],
            "refresh_token": f"refresh-{len(self.tokens)}",
            "expires_in": 3600,
            "client_info": who,
            "scope": "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send",
        }
