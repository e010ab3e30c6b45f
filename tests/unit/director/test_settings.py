import pytest
from director.settings import ApiServer, NotConfigured, Settings, api_server, read_settings

ENVIRONMENT = {
    "NODE_NAME": "worker",
    "SERVICE_CIDR": "10.96.0.0/16",
    "UML_MEM": "512M",
}

KUBECONFIG = """apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
    server: https://kubeproof-control-plane:6443
  name: default
"""


def test_node_service_cidr_and_memory_are_read_from_environment_variables():
    assert read_settings(ENVIRONMENT) == Settings("worker", "10.96.0.0/16", "512M")


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name):
    with pytest.raises(NotConfigured, match=f"variable {name} is not set"):
        read_settings({**ENVIRONMENT, name: ""})


@pytest.mark.parametrize("cidr", ["fd00::/108", "10.96.0.0/16,fd00::/108", "10.96.0.1/16"])
def test_only_one_ipv4_network_is_accepted_as_service_cidr(cidr):
    with pytest.raises(NotConfigured, match="not one IPv4 network"):
        read_settings({**ENVIRONMENT, "SERVICE_CIDR": cidr})


def test_the_api_servers_name_is_resolved_on_the_node():
    assert api_server(KUBECONFIG, lambda host: "172.18.0.2") == ApiServer("kubeproof-control-plane", "172.18.0.2")


def test_an_ip_address_is_accepted_as_the_api_servers_host():
    kubeconfig = KUBECONFIG.replace("kubeproof-control-plane", "172.18.0.2")
    assert api_server(kubeconfig) == ApiServer("172.18.0.2", "172.18.0.2")


def test_an_error_names_the_host_that_cannot_be_resolved():
    def unknown(host):
        raise OSError("Name or service not known")

    with pytest.raises(NotConfigured, match="kubeproof-control-plane cannot be resolved on this node"):
        api_server(KUBECONFIG, unknown)


def test_a_kubeconfig_without_a_server_is_refused():
    with pytest.raises(NotConfigured, match="names no server"):
        api_server("clusters: []")
