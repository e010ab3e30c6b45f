"""Faults of DNS: names of Services are not resolved, resolve to a wrong address, or are cached for too long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from harness.kube.wait import wait_until
from tests.planted.fault import Fault, Site
from tests.planted.means.names import corefile, no_dns, resolver
from tests.planted.suites import CLUSTER_IP, HEADLESS, HEADLESS_UNREADY
from tests.planted.trial.expectation import Expectation

WRONG_ADDRESS = "192.0.2.1"
TEMPLATE = f"""    template IN A cluster.local {{
        match ^web\\.
        answer "{{{{ .Name }}}} 5 IN A {WRONG_ADDRESS}"
        fallthrough
    }}
"""
SEEN_DEADLINE_S = 60.0


@contextmanager
def _no_server(site: Site) -> Iterator[None]:
    with no_dns(site):
        yield


@contextmanager
def _wrong_address(site: Site) -> Iterator[None]:
    with (
        corefile(site, lambda text: text.replace("    ready\n", f"    ready\n{TEMPLATE}")),
        resolver(site) as resolve,
    ):
        wait_until(
            f"names that begin with web resolve to {WRONG_ADDRESS}",
            lambda: resolve("web.planted.svc.cluster.local"),
            lambda addresses: addresses == (WRONG_ADDRESS,),
            deadline_s=SEEN_DEADLINE_S,
        )
        yield


@contextmanager
def _long_cache(site: Site) -> Iterator[None]:
    def change(text: str) -> str:
        return re.sub(r"(?m)^    cache .*$", "    cache 600", re.sub(r"ttl \d+", "ttl 600", text))

    with corefile(site, change):
        yield


FAULTS = (
    Fault(
        "no DNS server runs",
        _no_server,
        expect=(Expectation(HEADLESS, "resolved.require()"),),
        bystanders=(CLUSTER_IP,),
    ),
    Fault(
        "DNS gives one address for every Service called web",
        _wrong_address,
        expect=(Expectation(HEADLESS, "resolved.require()", message=re.escape(WRONG_ADDRESS)),),
        bystanders=(HEADLESS_UNREADY,),
    ),
    Fault(
        "DNS caches answers for ten minutes",
        _long_cache,
        expect=(Expectation(HEADLESS_UNREADY, "wait_resolved(client, ready_only.dns_name"),),
        bystanders=(CLUSTER_IP,),
    ),
)
