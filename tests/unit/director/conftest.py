"""Puts the director's package on sys.path. The image contains only that package, so it is imported as `director`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "clusters/images/recipes/director"))
