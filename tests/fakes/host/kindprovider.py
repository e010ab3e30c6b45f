"""A provider of kind clusters with a fake engine and a scripted kind program."""

from __future__ import annotations

from clusters.engine import Engine
from clusters.host.patience import Patience
from clusters.images.build.builder import Builder
from clusters.images.build.programs import Programs
from clusters.images.lock import read_lock
from clusters.kind.images import Images
from clusters.kind.provider import KindProvider
from clusters.spec import ClusterSpec, Mode, Source
from tests.fakes.host.stocknodes import WorkingKind

LOCK = read_lock()
STOCK = ClusterSpec(Mode.IPTABLES, "1.37.0", Source.REGISTRY)


def provider(commands, tmp_path, patience=1, *, keep=False):
    engine = Engine(commands, Patience(patience))
    programs = Programs(commands, tmp_path)
    return KindProvider(
        engine,
        commands,
        LOCK,
        Images(engine, LOCK, Builder(engine, commands, tmp_path)),
        programs,
        tmp_path / "state",
        keep,
    )


def working(spec, installed_kind, script=None, mode=None):
    kind = WorkingKind(spec.name, mode or str(spec.mode), "1.37.0", script)
    return rename_kind(kind, installed_kind)


def rename_kind(commands, installed_kind):
    """Script kind under its path, by which the provider calls it."""
    for beginning in [line for line in commands.script if line.startswith("kind")]:
        commands.script[beginning.replace("kind", str(installed_kind), 1)] = commands.script.pop(beginning)
    return commands
