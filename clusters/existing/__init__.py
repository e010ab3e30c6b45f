"""Clusters that exist already, given by a kubeconfig and a context."""

from clusters.existing.provider import ExistingProvider

__all__ = ["ExistingProvider"]
