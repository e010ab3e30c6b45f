"""Where the plugin keeps its few run-wide values in pytest's config."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.cluster import Cluster

CLUSTER = pytest.StashKey[Cluster]()
RUN_DIRECTORY = pytest.StashKey[Path]()
SEED = pytest.StashKey[int]()
