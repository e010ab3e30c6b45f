"""The running kernel's features, read from its configuration and its modules. Used where rules cannot be tried."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from clusters.doctor.host import Host


@dataclass(frozen=True, slots=True)
class Feature:
    """A kernel option, and the name of its module ("" if it is never built as a module)."""

    option: str
    module: str = ""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The running kernel.

    `options` is its build configuration, or None if that cannot be read. `modules` are the modules that are built in or
    can be loaded, or None if the directory of modules is not there.
    """

    host: Host
    release: str
    options: dict[str, str] | None
    modules: frozenset[str] | None

    @classmethod
    def read(cls, host: Host) -> Kernel:
        """Return the kernel of `host`."""
        release = host.kernel_release()
        return cls(host, release, _options(host, release), _modules(host, release))

    @property
    def version(self) -> tuple[int, int]:
        """Return major and minor number, or (0, 0) for a release that has none."""
        match = re.match(r"(\d+)\.(\d+)", self.release)
        return (int(match[1]), int(match[2])) if match else (0, 0)

    def has(self, feature: Feature) -> bool | None:
        """Return True if the feature is present or can be loaded, False if not, None if that is not known."""
        if feature.module and self.host.exists(f"/sys/module/{feature.module}"):
            return True
        if self.options is not None:
            setting = self.options.get(f"CONFIG_{feature.option}")
            if setting != "m":
                return setting == "y"
        if not feature.module or self.modules is None:
            return None
        return feature.module in self.modules

    def missing(self, features: Iterable[Feature]) -> tuple[str, ...] | None:
        """Return the options that are certainly missing, or None if none is but the presence of some is not known."""
        present = {feature.option: self.has(feature) for feature in features}
        lacking = tuple(option for option, known in present.items() if known is False)
        return None if not lacking and None in present.values() else lacking


def _options(host: Host, release: str) -> dict[str, str] | None:
    for file in ("/proc/config.gz", f"/boot/config-{release}", f"/lib/modules/{release}/config"):
        text = host.read_text(file)
        if text is not None:
            pairs = (line.partition("=") for line in text.splitlines() if line.startswith("CONFIG_"))
            return {name: value for name, _, value in pairs}
    return None


def _modules(host: Host, release: str) -> frozenset[str] | None:
    """Return the modules that are built in or are in /lib/modules (modules.builtin, modules.dep: depmod(8))."""
    found = [host.read_text(f"/lib/modules/{release}/modules.{list_}") for list_ in ("builtin", "dep")]
    if found == [None, None]:
        # In a container this directory is often absent although the kernel can load its modules.
        return None
    files = (line.partition(":")[0] for text in found if text is not None for line in text.splitlines())
    return frozenset(_module_name(file) for file in files)


def _module_name(file: str) -> str:
    return file.rpartition("/")[2].partition(".ko")[0].replace("-", "_")
