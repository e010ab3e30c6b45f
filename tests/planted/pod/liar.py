"""Runs beside metrics-server, with its certificate: answers as it does, but all CPU usage is twice as high.

Asks with its own account's token, since the API server's word for the caller does not reach this far.
"""

import http.server
import json
import pathlib
import re
import ssl
import urllib.error
import urllib.request
from typing import Any

CERTIFICATE, KEY = "/tmp/apiserver.crt", "/tmp/apiserver.key"
TRUE, PORT = "https://127.0.0.1:10250", 10251
TOKEN = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
MARK = "io.kubeproof/planted"


class Liar(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        headers = {"Authorization": f"Bearer {TOKEN.read_text()}", "Accept": "application/json"}
        status, kind, told = asked(urllib.request.Request(TRUE + self.path, headers=headers))
        if "json" in kind:
            told = json.dumps(twisted(json.loads(told))).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)


def asked(request: urllib.request.Request) -> tuple[int, str, bytes]:
    """Status, type and content of the true answer, which may be that there is no metric yet."""
    try:
        answer = urllib.request.urlopen(request, context=unverified())
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return answer.status, answer.headers["Content-Type"], answer.read()


def twisted(found: dict[str, Any]) -> dict[str, Any]:
    """The document with twice the CPU, marked so that it can be told from the truth."""
    for item in found.get("items", [found]):
        usages = [item, *item.get("containers", [])]
        for usage in (holder["usage"] for holder in usages if "usage" in holder):
            usage["cpu"] = re.sub(r"\d+", lambda number: str(2 * int(number[0])), usage["cpu"])
            item["metadata"]["annotations"] = {MARK: "twice"}
    return found


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("", PORT), Liar)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
