"""What a start of pytest loads."""

import subprocess
import sys


def test_a_start_of_pytest_does_not_load_the_slow_subpackages_of_scipy(tmp_path):
    (tmp_path / "test_suite.py").write_text(
        "import sys\nimport harness.suite\n"
        "def test_loaded(): assert not {'scipy.stats', 'scipy.optimize'} & set(sys.modules)\n"
    )
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:locust", str(tmp_path)]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
