"""Keys of the run-wide values that the plugin keeps in pytest's config."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.cluster import Cluster

CLUSTER = pytest.StashKey[Cluster]()
RUN_DIRECTORY = pytest.StashKey[Path]()
SEED = pytest.StashKey[int]()
