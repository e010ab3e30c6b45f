"""Which clusters a provider of kind clusters removes, keeps and finds."""

import json
import os
import stat
from dataclasses import replace

import pytest

from clusters.addons.guard import FORWARDED, OWN
from clusters.errors import NameTaken, WorldError
from clusters.host.ownership import CLUSTER_LABEL, KEEP_LABEL, OWNER_LABEL, Owner
from clusters.host.processes import HostProcesses
from tests.fakes.host.commands import failing
from tests.fakes.host.kindprovider import STOCK, provider, working
from tests.fakes.host.stocknodes import ADDRESSES
from tests.fakes.progress import SilentProgress


def test_only_the_user_can_read_the_kubeconfig(tmp_path, installed_kind):
    cluster = provider(working(STOCK, installed_kind), tmp_path).create(STOCK, SilentProgress())
    assert stat.S_IMODE(cluster.kubeconfig.stat().st_mode) == 0o600


def test_a_release_removes_the_cluster_and_its_kubeconfig(tmp_path, installed_kind):
    commands, progress = working(STOCK, installed_kind), SilentProgress()
    kind = provider(commands, tmp_path)
    cluster = kind.create(STOCK, SilentProgress())
    kind.release(cluster, progress)
    assert commands.asked_for("docker rm")
    assert commands.asked_for(f"docker network rm {STOCK.name}")
    assert progress.steps == [f"removing cluster {STOCK.name}"]
    assert not cluster.kubeconfig.exists()


def test_a_kept_cluster_stays_after_its_release(tmp_path, installed_kind):
    commands, progress = working(STOCK, installed_kind), SilentProgress()
    kind = provider(commands, tmp_path, keep=True)
    kind.release(kind.create(STOCK, SilentProgress()), progress)
    assert commands.asked_for("docker rm") == commands.asked_for("docker network rm") == progress.steps == []


def test_a_kept_cluster_of_an_earlier_run_is_found_and_stays_after_its_release(tmp_path, installed_kind):
    kept = {**REMAINS, KEEP_LABEL: "true"}
    commands, progress = working(STOCK, installed_kind), SilentProgress()
    commands.there, commands.labels = True, kept
    kind = provider(commands, tmp_path)
    cluster = kind.find(STOCK)
    assert cluster is not None
    assert cluster.name == STOCK.name
    kind.release(cluster, progress)
    assert commands.asked_for("docker rm") == commands.asked_for("docker network rm") == progress.steps == []
    assert cluster.kubeconfig.exists()


def test_no_cluster_is_found_if_no_run_kept_one(tmp_path, installed_kind):
    assert provider(working(STOCK, installed_kind), tmp_path).find(STOCK) is None


def test_the_closing_facts_are_the_leak_guards_counts(tmp_path, installed_kind):
    counters = [{"counter": {"name": name, "packets": count}} for name, count in ((FORWARDED, 3), (OWN, 1))]
    listing = json.dumps({"nftables": counters})
    script = {f"docker exec {STOCK.name}-{role} nft --json": listing for role in ADDRESSES}
    kind = provider(working(STOCK, installed_kind, script), tmp_path)
    facts = kind.closing_facts(kind.create(STOCK, SilentProgress()))
    assert facts["packets the leak guard dropped"].startswith(f"{STOCK.name}-control-plane: 3 from pods, 1 of its own;")


def test_a_log_that_cannot_be_read_holds_the_reason(tmp_path, installed_kind):
    script = {
        f"docker exec {STOCK.name}-worker journalctl": failing("journalctl", "no journal files"),
        f"docker exec {STOCK.name}-worker2 journalctl": "kubelet started",
    }
    kind = provider(working(STOCK, installed_kind, script), tmp_path)
    kind.export_logs(kind.create(STOCK, SilentProgress()), tmp_path / "logs")
    assert "no journal files" in (tmp_path / "logs" / f"{STOCK.name}-worker-journal.log").read_text()
    assert (tmp_path / "logs" / f"{STOCK.name}-worker2-journal.log").read_text() == "kubelet started"


def test_logs_that_cannot_be_written_are_an_environment_error(tmp_path, installed_kind):
    kind = provider(working(STOCK, installed_kind), tmp_path)
    cluster = kind.create(STOCK, SilentProgress())
    logs = tmp_path / "logs"
    logs.touch()
    with pytest.raises(WorldError, match=f"logs cannot be written to {logs}: .*File exists"):
        kind.export_logs(cluster, logs)


REMAINS = {CLUSTER_LABEL: STOCK.name, OWNER_LABEL: "another-boot/1/1/1"}


def test_remains_of_an_ended_run_that_use_the_name_are_removed(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    commands.there, commands.labels = True, dict(REMAINS)
    cluster = provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert cluster.name == STOCK.name
    assert [line.split()[1] for line in commands.asked_for("docker") if " rm " in f"{line} "][-1] == "network"
    assert commands.labels[OWNER_LABEL] == str(Owner.myself())


def test_a_cluster_of_a_run_that_has_not_ended_stays(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)
    commands.there, commands.labels = True, {**REMAINS, OWNER_LABEL: str(another_running_process())}
    with pytest.raises(NameTaken, match=f"belongs to a run that has not ended, process {os.getppid()}"):
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert commands.asked_for("docker rm") == commands.asked_for("docker network rm") == []


def test_a_cluster_of_a_run_that_took_the_name_just_before_stays(tmp_path, installed_kind):
    commands = working(STOCK, installed_kind)

    def taken(argv):
        commands.there, commands.labels = True, {**REMAINS, OWNER_LABEL: str(another_running_process())}
        raise failing("docker network create", f"network with name {STOCK.name} already exists")

    commands.script["docker network create"] = taken
    kubeconfig = tmp_path / "state" / f"{STOCK.name}.kubeconfig"
    kubeconfig.parent.mkdir()
    kubeconfig.touch()
    with pytest.raises(NameTaken, match="belongs to a run that has not ended"):
        provider(commands, tmp_path).create(STOCK, SilentProgress())
    assert commands.asked_for("docker rm") == commands.asked_for("docker network rm") == []
    assert kubeconfig.exists()


def test_the_name_is_taken_by_a_node_that_is_still_being_created(tmp_path, installed_kind):
    """The engine lists such a node, but cannot inspect it yet."""
    commands = working(STOCK, installed_kind, {"docker ps": "node", "docker container inspect": "[]"})
    with pytest.raises(NameTaken, match="without a label of Kubeproof"):
        provider(commands, tmp_path).create(STOCK, SilentProgress())


def another_running_process():
    """Return the parent of this process as an owner."""
    (parent,) = [seen for seen in HostProcesses().read() if seen.pid == os.getppid()]
    return replace(Owner.myself(), pid=parent.pid, start_ticks=parent.start_ticks)
