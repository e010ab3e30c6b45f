import json

import pytest

from clusters.cluster import Node, Role
from clusters.engine import Engine
from clusters.errors import ClusterNotReady, CommandFailed
from clusters.kind.proxy import require_effective_mode, run_by_proxy
from clusters.spec import ClusterSpec, Mode, Source, Substrate
from tests.fakes.commands import ScriptedCommands

NODE = Node("c-worker", Role.WORKER, "172.18.0.3")
ASK = "curl --silent --show-error --unix-socket /run/kubeproof/director.sock --data-binary @- http://director/"
IN_GUEST = f"docker exec --interactive c-worker {ASK}"


def commands(answer, **of_guest):
    """A node where every program prints `answer`, and a director that says what the guest has done."""
    script = {"docker exec c-worker": answer, IN_GUEST: json.dumps(of_guest)}
    return ScriptedCommands(script)


def ask(asked, substrate):
    return run_by_proxy(Engine(asked), substrate, NODE, ("ipvsadm", "-Ln"), 30).stdout


def test_on_the_nodes_own_kernel_programs_run_on_the_node():
    asked = commands("rules")
    assert ask(asked, Substrate.HOST) == "rules"
    assert asked.asked == [("docker", "exec", "c-worker", "ipvsadm", "-Ln")]


def test_in_user_mode_linux_the_nodes_director_is_asked():
    asked = commands("", exit_code=0, stdout="rules", stderr="")
    assert ask(asked, Substrate.UML) == "rules"
    assert json.loads(asked.calls[0][1]) == {"argv": ["ipvsadm", "-Ln"], "timeout_s": 30}


def test_a_program_that_fails_in_the_guest_has_failed():
    with pytest.raises(CommandFailed, match=r"ipvsadm -Ln.* 3.*no ip_vs"):
        ask(commands("", exit_code=3, stdout="", stderr="no ip_vs"), Substrate.UML)


def test_another_mode_than_asked_for_is_never_taken_for_it():
    spec = ClusterSpec(Mode.IPVS, "1.37.2", Source.BUILT)
    require_effective_mode(Engine(commands("ipvs")), spec, (NODE,))
    with pytest.raises(ClusterNotReady, match="runs in mode 'iptables', asked for was ipvs"):
        require_effective_mode(Engine(commands("iptables\n")), spec, (NODE,))
