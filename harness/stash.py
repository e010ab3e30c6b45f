"""Where the plugin keeps its few run-wide values in pytest's config."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.cluster import Cluster
from harness.run.controller import Controller

CLUSTER = pytest.StashKey[Cluster]()
CONTROLLER = pytest.StashKey[Controller]()
RUN_DIRECTORY = pytest.StashKey[Path]()
SEED = pytest.StashKey[int]()
