"""The director's package lies in its image's recipe; it is shipped alone, and so it is imported alone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "clusters/images/recipes/director"))
