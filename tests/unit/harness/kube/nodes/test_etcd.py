import pytest

from harness.kube.nodes.etcd import Etcd
from tests.fakes.cluster.etcd import FakeEtcd
from tests.fakes.cluster.owned import fake_cluster

ONE, TWO = {"kind": "A", "name": "it's one"}, {"kind": "A", "name": "two"}


@pytest.fixture
def node():
    return FakeEtcd()


@pytest.fixture
def etcd(node):
    return Etcd(node, fake_cluster())


def test_objects_are_stored_under_free_keys_by_one_program(etcd, node):
    assert etcd.create([{"/registry/a/1": ONE, "/registry/b/1": ONE}, {"/registry/a/2": TWO}]) == (True, True)
    assert node.stored == {"/registry/a/1": ONE, "/registry/b/1": ONE, "/registry/a/2": TWO}
    assert node.programs == 1


def test_each_group_is_one_transaction(etcd, node):
    etcd.create([{"/registry/a/1": ONE, "/registry/b/1": ONE}, {"/registry/a/2": TWO}])
    etcd.delete([["/registry/a/1", "/registry/b/1"], ["/registry/a/2"]])
    assert node.transactions == [["/registry/a/1", "/registry/b/1"], ["/registry/a/2"]] * 2


def test_nothing_of_a_group_is_stored_if_one_of_its_keys_exists(etcd, node):
    node.stored = {"/registry/b/1": TWO}
    assert etcd.create([{"/registry/a/1": ONE, "/registry/b/1": ONE}, {"/registry/a/2": TWO}]) == (False, True)
    assert node.stored == {"/registry/b/1": TWO, "/registry/a/2": TWO}


def test_deleting_absent_keys_is_a_success(etcd, node):
    node.stored = {"/registry/a/1": ONE, "/registry/b": ONE}
    etcd.delete([["/registry/a/1", "/registry/a/2"]])
    assert node.stored == {"/registry/b": ONE}


def test_only_keys_with_the_prefix_are_returned(etcd, node):
    node.stored = {"/registry/a/web": ONE, "/registry/a/web-2": ONE, "/registry/a/wec": ONE}
    assert etcd.keys("/registry/a/web") == ("/registry/a/web", "/registry/a/web-2")
    assert etcd.keys("/registry/c/") == ()
