"""What the container was told: environment variables, and kube-proxy's ConfigMap."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

KUBECONFIG = Path("/var/lib/kube-proxy/kubeconfig.conf")
CONFIG = "/var/lib/kube-proxy/config.conf"

_SERVER = re.compile(r"^\s*server:\s*[\"']?https://(?P<host>[^:/\s\"']+)", re.MULTILINE)

Resolve = Callable[[str], str]


class NotConfigured(Exception):
    """Something that the DaemonSet has to give is missing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`memory` is the guest's, as the kernel's `mem=` wants it."""

    node_name: str
    service_cidr: str
    memory: str


@dataclass(frozen=True, slots=True)
class ApiServer:
    """The API server's host as the kubeconfig names it, and its IPv4 address."""

    host: str
    address: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises `NotConfigured`."""

    def value(name: str) -> str:
        if not environment.get(name):
            raise NotConfigured(f"the environment variable {name} is not set; the DaemonSet sets it")
        return environment[name]

    cidr = value("SERVICE_CIDR")
    try:
        ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise NotConfigured(f"SERVICE_CIDR is {cidr!r}, expected was one IPv4 network: {error}") from error
    return Settings(
        node_name=value("NODE_NAME"),
        service_cidr=cidr,
        memory=value("UML_MEM"),
    )


def resolve(host: str) -> str:
    """An IPv4 address of `host` by this side's resolver. Raises `OSError`."""
    return str(socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])


def api_server(kubeconfig: str, look_up: Resolve = resolve) -> ApiServer:
    """The API server in the text of a kubeconfig, resolved. Raises `NotConfigured`.

    The guest cannot ask for itself: in a kind node the resolver is the engine's, at 127.0.0.11 of the
    node's own network namespace.
    """
    found = _SERVER.search(kubeconfig)
    if found is None:
        raise NotConfigured(f"{KUBECONFIG} names no server")
    host = found["host"]
    try:
        return ApiServer(host, look_up(host))
    except OSError as error:
        raise NotConfigured(f"the API server's name {host} cannot be resolved on this node: {error}") from error
