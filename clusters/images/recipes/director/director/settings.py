"""The container's settings: environment variables, and the API server from kube-proxy's ConfigMap."""

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
    """A setting is missing or invalid."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment variables. `memory` is the guest's, in the format of the kernel's `mem=`."""

    node_name: str
    service_cidr: str
    memory: str


@dataclass(frozen=True, slots=True)
class ApiServer:
    """The API server's host as the kubeconfig names it, and its IPv4 address."""

    host: str
    address: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings from environment variables. Raises `NotConfigured`."""

    def value(name: str) -> str:
        if not environment.get(name):
            raise NotConfigured(f"the environment variable {name} is not set; the DaemonSet sets it")
        return environment[name]

    cidr = value("SERVICE_CIDR")
    try:
        ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise NotConfigured(
            f"the environment variable SERVICE_CIDR is {cidr!r}, not one IPv4 network: {error}"
        ) from error
    return Settings(
        node_name=value("NODE_NAME"),
        service_cidr=cidr,
        memory=value("UML_MEM"),
    )


def resolve(host: str) -> str:
    """Return an IPv4 address of `host`, from the node's resolver. Raises `OSError`."""
    return str(socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])


def api_server(kubeconfig: str, look_up: Resolve = resolve) -> ApiServer:
    """Return the API server that the text of a kubeconfig names, with its address. Raises `NotConfigured`.

    The guest cannot resolve the name itself: a kind node's resolver is the engine's, at 127.0.0.11 in the node's own
    network namespace.
    """
    found = _SERVER.search(kubeconfig)
    if found is None:
        raise NotConfigured(f"{KUBECONFIG} names no server")
    host = found["host"]
    try:
        return ApiServer(host, look_up(host))
    except OSError as error:
        raise NotConfigured(f"the API server's name {host} cannot be resolved on this node: {error}") from error
