import pytest


@pytest.fixture
def installed_kind(tmp_path, monkeypatch):
    """Put a program named kind in the PATH and return its path. Its output is scripted."""
    program = tmp_path / "bin" / "kind"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program
