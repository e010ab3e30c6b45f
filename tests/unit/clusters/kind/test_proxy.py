import json

import pytest

from clusters.cluster import Node, Role
from clusters.engine import Engine
from clusters.errors import ClusterNotReady, CommandFailed
from clusters.kind.proxy import require_effective_mode, run_by_proxy
from clusters.spec import ClusterSpec, Mode, Source, Substrate
from tests.fakes.host.commands import ScriptedCommands

NODE = Node("c-worker", Role.WORKER, "172.18.0.3")
PROXY_MODE_COMMAND = (
    "curl --silent --show-error --unix-socket /run/kubeproof/director.sock --data-binary @- http://director/"
)
IN_GUEST = f"docker exec --interactive c-worker {PROXY_MODE_COMMAND}"


def commands(answer, **of_guest):
    """Return a node where every program prints `answer`, and a director that returns `of_guest` for the guest."""
    script = {"docker exec c-worker": answer, IN_GUEST: json.dumps(of_guest)}
    return ScriptedCommands(script)


def run_ipvsadm(scripted, substrate):
    return run_by_proxy(Engine(scripted), substrate, NODE, ("ipvsadm", "-Ln"), 30).stdout


def test_on_substrate_host_programs_run_on_the_node():
    scripted = commands("rules")
    assert run_ipvsadm(scripted, Substrate.HOST) == "rules"
    assert scripted.asked == [("docker", "exec", "c-worker", "ipvsadm", "-Ln")]


def test_on_substrate_uml_the_nodes_director_runs_the_program():
    scripted = commands("", exit_code=0, stdout="rules", stderr="")
    assert run_ipvsadm(scripted, Substrate.UML) == "rules"
    assert json.loads(scripted.calls[0][1]) == {"argv": ["ipvsadm", "-Ln"], "timeout_s": 30}


def test_a_failed_program_in_the_guest_raises_an_error():
    with pytest.raises(CommandFailed, match=r"ipvsadm -Ln.* 3.*no ip_vs"):
        run_ipvsadm(commands("", exit_code=3, stdout="", stderr="no ip_vs"), Substrate.UML)


def test_the_error_about_a_reply_that_is_not_json_quotes_its_beginning():
    scripted = ScriptedCommands({IN_GUEST: "<" * 1000})
    with pytest.raises(CommandFailed, match=r"is not JSON: '<{200}'$"):
        run_ipvsadm(scripted, Substrate.UML)


def test_another_mode_than_the_requested_one_is_an_error():
    spec = ClusterSpec(Mode.IPVS, "1.37.2", Source.BUILT)
    require_effective_mode(Engine(commands("ipvs")), spec, (NODE,))
    with pytest.raises(ClusterNotReady, match="runs in mode 'iptables', expected ipvs"):
        require_effective_mode(Engine(commands("iptables\n")), spec, (NODE,))
