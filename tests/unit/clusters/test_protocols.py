"""Both kinds of clusters implement the protocols, with the same parameters."""

import inspect

import pytest

from clusters.existing import ExistingProvider
from clusters.kind.provider import KindProvider
from clusters.nodes.access import NodeAccess
from clusters.provider import ClusterProvider


@pytest.mark.parametrize("implementer", [ExistingProvider, KindProvider])
@pytest.mark.parametrize("protocol", [ClusterProvider, NodeAccess])
def test_an_implementer_has_all_methods_of_the_protocol(protocol, implementer):
    methods = [name for name in vars(protocol) if not name.startswith("_")]
    assert methods
    for name in methods:
        assert inspect.signature(getattr(implementer, name)) == inspect.signature(getattr(protocol, name)), name
