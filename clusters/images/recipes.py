"""Recipes of images: everything that goes into each image, and the digest of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from clusters.images.lock import KubernetesRelease, Lock
from clusters.images.module import Module

RECIPES = Path(__file__).with_name("recipes")
DEBIAN = RECIPES / "debian"
"""The directory of the Dockerfile that installs packages on a Debian image from a registry."""

REPOSITORY = "kubeproof"


@dataclass(frozen=True, slots=True)
class Recipe:
    """The recipe of one image: the directory `recipes/<name>` and the Go programs that go into it.

    `reference` is the name that pods on a node use for the image. In the directory, `packages.txt` lists the Debian
    packages of the base layer, `requirements.txt` the Python packages to add. The base layer is a root file system of
    packages of `suite`; or, if `base` names an image of a registry, that image with the packages installed. `copied`
    are programs taken from other projects' images, as (image, path in it). `stages` are images that the Dockerfile
    copies files from, by the name of a build argument. If it `compiles`, the Dockerfile keeps all cores busy.
    """

    name: str
    reference: str
    suite: str
    modules: tuple[Module, ...] = ()
    programs: tuple[str, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()
    parts: tuple[Recipe, ...] = ()
    base: str = ""
    copied: tuple[tuple[str, str], ...] = ()
    stages: tuple[tuple[str, Recipe], ...] = ()
    compiles: bool = False

    @property
    def directory(self) -> Path:
        return RECIPES / self.name

    @property
    def packages(self) -> tuple[str, ...]:
        """Return the Debian packages of the base layer; none means that it is empty or `base` itself."""
        file = self.directory / "packages.txt"
        return tuple(file.read_text().split()) if file.exists() else ()

    @property
    def requirements(self) -> Path | None:
        """Return the file of the Python packages to add, or None."""
        file = self.directory / "requirements.txt"
        return file if file.exists() else None

    @property
    def base_tag(self) -> str:
        """Return the engine's tag of the base layer; recipes with equal packages share it."""
        wanted = f"{self.base or self.suite} {' '.join(self.packages)}"
        return f"{REPOSITORY}/debian:{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"

    @property
    def digest(self) -> str:
        """Return a digest of everything that goes into the image."""
        digest = hashlib.sha256()
        for file in sorted(path for path in self.directory.rglob("*") if _belongs(path)):
            digest.update(f"{file.relative_to(self.directory)} {file.stat().st_mode & 0o111}\0".encode())
            digest.update(file.read_bytes())
        for ingredient in (
            self.base_tag,
            self.reference,
            *(module.digest for module in self.modules),
            *self.programs,
            repr(self.arguments),
            *(f"{part.reference} {part.tag}" for part in self.parts),
            *(f"{image} {path}" for image, path in self.copied),
            *(f"{argument} {stage.tag}" for argument, stage in self.stages),
        ):
            digest.update(ingredient.encode() + b"\0")
        return digest.hexdigest()[:12]

    @property
    def tag(self) -> str:
        """Return the engine's tag of the finished image."""
        return f"{REPOSITORY}/{self.name}:{self.digest}"


def _belongs(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


@dataclass(frozen=True, slots=True)
class RecipeBook:
    """The recipes of all images of one Kubernetes release with source `built`.

    `node` has as its parts the images of all pods, except those of the load balancer and of the Ingress controller.
    """

    node: Recipe
    load: Recipe
    agnhost: Recipe
    director: Recipe
    haproxy: Recipe
    registry: Recipe
    metallb_controller: Recipe
    metallb_speaker: Recipe
    traefik: Recipe
    tools: Recipe

    @property
    def before_cluster(self) -> tuple[Recipe, ...]:
        """Return the recipes of the images that must exist before the cluster."""
        return (self.node, self.load)

    @property
    def in_background(self) -> dict[str, Recipe]:
        """Return the recipes of the images that few cases need, by field of `CaseImages`.

        They are built while the other cases run.
        """
        return {
            "haproxy": self.haproxy,
            "registry": self.registry,
            "metallb_controller": self.metallb_controller,
            "metallb_speaker": self.metallb_speaker,
            "traefik": self.traefik,
        }

    @property
    def for_existing(self) -> tuple[Recipe, ...]:
        """Return the recipes of the images that cases need on the nodes of an existing cluster."""
        return (self.load, self.tools, self.agnhost)


def recipe_book(lock: Lock, release: KubernetesRelease) -> RecipeBook:
    """Return the recipes of a release for source `built`."""
    kubernetes = kubernetes_module(release)
    upstream = "registry.k8s.io"

    def image(name: str, reference: str, module: Module | None = None, *programs: str) -> Recipe:
        return Recipe(
            name,
            reference,
            lock.debian,
            modules=() if module is None else (module,),
            programs=programs or (name,),
        )

    components = tuple(
        image(name, f"{upstream}/{name}:v{release.version}", kubernetes)
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
    )
    agnhost = image("agnhost", f"{upstream}/e2e-test-images/agnhost:{release.agnhost}", kubernetes)
    load = Recipe("load", f"docker.io/{REPOSITORY}/load:built", lock.debian)
    director = Recipe(
        "director", f"docker.io/{REPOSITORY}/director:built", lock.director_debian, (kubernetes,), ("kube-proxy",)
    )
    node = Recipe(
        "node",
        f"{REPOSITORY}/node:{release.version}",
        lock.debian,
        modules=(kubernetes, CONTAINERD),
        programs=(
            *("kubelet", "kubeadm", "kubectl"),
            *("containerd", "containerd-shim-runc-v2", "ctr"),
            *("host-local", "ptp", "bridge", "portmap"),
        ),
        arguments=(("KUBERNETES", release.version),),
        stages=(("CRUN", Recipe("crun", "", lock.director_debian)),),
        parts=(
            *components,
            image("etcd", f"{upstream}/etcd:{release.etcd}-0", kubernetes, "server", "etcdctl"),
            image("coredns", f"{upstream}/coredns/coredns:v{lock.coredns}", COREDNS),
            image("pause", f"{upstream}/pause:{lock.pause}", PAUSE),
            image(
                "metrics-server",
                f"{upstream}/metrics-server/metrics-server:v{lock.metrics_server}",
                METRICS_SERVER,
            ),
            agnhost,
            load,
            director,
        ),
    )
    # The newer Debian, because an older nft cannot list rules that a newer one has written, and may even crash on them.
    tools = Recipe("tools", "", lock.director_debian)
    return RecipeBook(
        node=node,
        load=load,
        agnhost=agnhost,
        director=director,
        haproxy=Recipe("haproxy", "", lock.debian),
        registry=Recipe("registry", "", lock.debian, (DISTRIBUTION, PAUSE), ("registry", "pause")),
        metallb_controller=image(
            "metallb-controller", f"quay.io/metallb/controller:v{lock.metallb}", METALLB, "controller"
        ),
        metallb_speaker=image("metallb-speaker", f"quay.io/metallb/speaker:v{lock.metallb}", METALLB, "speaker"),
        traefik=image("traefik", f"docker.io/library/traefik:v{lock.traefik}", TRAEFIK),
        tools=tools,
    )


@dataclass(frozen=True, slots=True)
class StockBook:
    """The recipes of images that no registry has, made from images that registries have.

    `ipvs_node` is kind's node image with the tools that read ipvs, which kind does not install:
    https://github.com/kubernetes-sigs/kind/issues/1497. Nodes of every mode have them, for cases about ipvs.
    """

    load: Recipe
    director: Recipe
    ipvs_node: Recipe
    haproxy: Recipe
    registry: Recipe
    tools: Recipe

    @property
    def for_existing(self) -> tuple[Recipe, ...]:
        """Return the recipes of the images that cases need on an existing cluster's nodes and that no registry has."""
        return (self.load, self.tools)

    @property
    def in_background(self) -> dict[str, Recipe]:
        """Return the recipes of the images that few cases need, by field of `CaseImages`.

        They are built while the other cases run. The nodes pull the images of the load balancer and the Ingress
        controller.
        """
        return {"haproxy": self.haproxy, "registry": self.registry}


def stock_book(lock: Lock, release: KubernetesRelease) -> StockBook:
    """Return the recipes for source `registry` and a release. Nodes use the engine's own tags for these images."""
    kube_proxy = f"registry.k8s.io/kube-proxy:v{release.stock_version}"
    return StockBook(
        load=Recipe("load", "", lock.debian, base=lock.debian_image),
        director=Recipe(
            "director",
            "",
            lock.director_debian,
            base=lock.director_debian_image,
            copied=((kube_proxy, "/usr/local/bin/kube-proxy"),),
        ),
        ipvs_node=Recipe("stock-node", "", lock.debian, base=release.node_image),
        haproxy=Recipe("haproxy", "", lock.debian, base=lock.debian_image),
        registry=Recipe(
            "registry",
            "",
            lock.debian,
            copied=((lock.distribution_image, "/bin/registry"), (f"registry.k8s.io/pause:{lock.pause}", "/pause")),
        ),
        tools=Recipe("tools", "", lock.director_debian, base=lock.director_debian_image),
    )


def kernel_recipe(lock: Lock) -> Recipe:
    """Return the recipe of an image that holds a user-mode Linux, the file /linux, for the IPVS director."""
    return Recipe("kernel", "", lock.kernel_debian, compiles=True)


def kind_recipe() -> Recipe:
    """Return the recipe of an image that holds the kind program, for archives of images."""
    return Recipe("kind", "", "", modules=(KIND,), programs=("kind",))


def kubernetes_module(release: KubernetesRelease) -> Module:
    """Return the Go module of a release. Linker settings give Kubernetes the version that it reports."""
    major, minor = release.minor
    version = "k8s.io/component-base/version"
    return Module(
        release.module,
        settings=(
            f"{version}.gitVersion=v{release.version}",
            f"{version}.gitMajor={major}",
            f"{version}.gitMinor={minor}",
            f"{version}.gitTreeState=clean",
        ),
    )


CONTAINERD = Module("containerd", tags=("no_btrfs", "no_devmapper", "no_zfs"))
COREDNS = Module("coredns")
DISTRIBUTION = Module("distribution")
KIND = Module("kind")
METALLB = Module("metallb")
METRICS_SERVER = Module("metrics-server")
PAUSE = Module("pause")
TRAEFIK = Module("traefik")
