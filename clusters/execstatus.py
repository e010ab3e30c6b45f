"""The status with which the API server ends an exec in a pod."""

from __future__ import annotations

import json
from dataclasses import dataclass

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class ExecStatus:
    """The exit code of a program in a pod, `UNKNOWN` if the server did not report one, and the server's message."""

    exit_code: int
    message: str

    @classmethod
    def parse(cls, text: str) -> ExecStatus:
        """Return the status from the Status object that ends an exec; "" stands for a connection without one.

        https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Status
        """
        if not text:
            return cls(UNKNOWN, "the connection ended without a status")
        try:
            status = json.loads(text)
            if status.get("status") == "Success":
                return cls(0, "")
            causes = (status.get("details") or {}).get("causes") or ()
            code = next((int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"), UNKNOWN)
            return cls(code, str(status.get("message", text)))
        except (ValueError, AttributeError, KeyError, TypeError):
            return cls(UNKNOWN, f"the status is unreadable: {text[:200]}")
