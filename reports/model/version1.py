"""Results of schema version 1, as documents of version 2.

Version 1 stored the sentence of each finding and named some measurements and conditions otherwise. Findings of sweeps
and planted faults are upgraded to records, from their numbers. The others keep their sentence (`StatedFinding`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

SCHEMA = "kubeproof.results/1"

Upgrade = Callable[[Any, dict[str, Any], str], dict[str, Any]]
"""Returns a finding of version 2 from its numbers, the whole finding, and the run's mode."""

NAMES = {
    "first_packet_near": "first_packet_same_node",
    "first_packet_twin": "first_packet_aa",
    "first_packet_less_floor": "first_packet_corrected",
    "generator_floor": "baseline",
    "request_kept": "persistent_request",
    "endpoints": "first_packet_by_endpoints",
    "exchange": "request_kind",
    "meanwhile": "under_change",
}
EXPERIMENTS = {"of two modes": "two modes on one node"}
"""The suffixes of names, as experiments. The others have the form "in ipvs mode"."""

CONDITIONS = {"exchange": "request_kind", "floor_us": "baseline_us", "times_floor": "baseline_coefficient"}

INVALID = "in no conclusion: "
"""The prefix of the flag by which version 1 marked a measurement from which no conclusion may be drawn."""

STEP_KEY = re.compile(r"(?P<name>.+) at step (?P<step>[0-9]{1,9})")
NODE = re.compile(r"kube-proxy on (\S+)")
AT_ZERO = re.compile(r"(\d+) of them at zero Services")
AT_LEAST = re.compile(r"\(at least (\d+)(?: are needed)?\)")
NO_GROWTH = "no growth of the first packet"
LEAST_RULES = 500
MB = 1_000_000


def upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document as one of version 2. Entries of the wrong type stay, for the decoder to report."""
    changed = dict(document)
    if _is_rows(document.get("measurements")):
        changed["measurements"] = [_measurement(found) for found in document["measurements"]]
    if _is_rows(document.get("findings")):
        changed["findings"] = [_finding(found, _mode(document)) for found in document["findings"]]
    return changed


def _is_rows(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(row, dict) for row in found)


def _mode(document: dict[str, Any]) -> str:
    run = document.get("run")
    return str(run.get("mode", "")) if isinstance(run, dict) else ""


def _measurement(found: dict[str, Any]) -> dict[str, Any]:
    """Return a measurement with its present names. An experiment was a suffix of the name, such as "in ipvs mode"."""
    changed = dict(found)
    experiment: dict[str, Any] = {}
    if isinstance(found.get("name"), str):
        name, _, suffix = found["name"].partition(" ")
        changed["name"] = NAMES.get(name, name)
        experiment = {"experiment": EXPERIMENTS.get(suffix, f"one node {suffix}")} if suffix else {}
    if isinstance(found.get("conditions"), dict):
        renamed = {CONDITIONS.get(name, name): value for name, value in found["conditions"].items()}
        changed["conditions"] = {**renamed, **experiment}
        if renamed.get("connection") == "kept":
            changed["conditions"]["connection"] = "persistent"
    flags = found.get("flags")
    if isinstance(flags, list) and all(isinstance(flag, str) for flag in flags):
        changed["flags"] = [flag for flag in flags if not flag.startswith(INVALID)]
        changed["invalid_reason"] = "; ".join(flag.removeprefix(INVALID) for flag in flags if flag.startswith(INVALID))
    return changed


def _finding(found: dict[str, Any], mode: str) -> dict[str, Any]:
    """Return a finding as a record if its numbers suffice, else as a statement."""
    try:
        upgrade: Upgrade = UPGRADES.get(found["kind"], _stated)
        return upgrade(found["numbers"], found, mode)
    except (KeyError, TypeError, AttributeError, ValueError):
        # Of the names of numbers, version 1 promised only those of self-checks and planted faults.
        return _stated(found.get("numbers"), found, mode)


def _stated(numbers: Any, found: dict[str, Any], mode: str) -> dict[str, Any]:
    return {
        "kind": "stated",
        "topic": found.get("kind"),
        "statement": found.get("statement"),
        "method": found.get("confidence"),
        "numbers": {name: value for name, value in numbers.items() if _is_number(value)}
        if isinstance(numbers, dict)
        else {},
    }


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _by_step(numbers: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Return the numbers of each step by name, from keys such as "cpu_s at step 3"."""
    steps: dict[int, dict[str, Any]] = {}
    for key, value in numbers.items():
        if named := STEP_KEY.fullmatch(key):
            steps.setdefault(int(named["step"]), {})[named["name"]] = value
    return sorted(steps.items())


def _self_check(numbers: dict[str, Any], found: dict[str, Any], mode: str) -> dict[str, Any]:
    """Return a self-check with its figures, or with its statement if it failed: only that says which check did."""
    statement = str(found.get("statement"))
    if numbers.get("holds") != 1:
        return {
            "kind": "self-check",
            "mode": mode,
            "checks": [{"check": "stated", "holds": False, "statement": statement}],
        }
    checks = _figures(numbers, statement) or [{"check": "stated", "statement": statement}]
    return {"kind": "self-check", "mode": mode, "checks": [{**check, "holds": True} for check in checks]}


def _figures(numbers: dict[str, Any], statement: str) -> list[dict[str, Any]]:
    """Return the checks whose figures are among the numbers."""
    checks: list[dict[str, Any]] = []
    if "steps" in numbers:
        zeros, least = _number_in(AT_ZERO, statement), dict.fromkeys(("least", "least_at_zero"))
        made, valid = numbers["steps"], numbers["steps_sound"]
        checks.append({"check": "steps", "made": made, "valid": valid, "valid_at_zero": zeros, **least})
    if "twins" in numbers:
        pairs, alike, least_alike = numbers["twins"], numbers["twins_alike"], _number_in(AT_LEAST, statement)
        checks.append({"check": "A/A pairs", "pairs": pairs, "alike": alike, "least": least_alike})
    if "rule_ns" in numbers:
        sweep, chain = _interval(numbers, "rule_ns"), _interval(numbers, "calibrated_rule_ns")
        checks.append({"check": "cost per rule", "sweep_ns": sweep, "chain_ns": chain})
    if "service_ns" in numbers:
        checks.append({"check": "cost per Service", "service_ns": _interval(numbers, "service_ns")})
    return checks


def _number_in(pattern: re.Pattern[str], statement: str) -> int | None:
    named = pattern.search(statement)
    return int(named[1]) if named else None


def _planted(numbers: dict[str, Any], found: dict[str, Any], mode: str) -> dict[str, Any]:
    outcomes = (("caught", "caught"), ("by_accident", "noticed by accident"), ("too_wide", "too wide"))
    return {
        "kind": "planted",
        "fault": found["statement"].partition(": ")[2].removesuffix("."),
        "detection": next((words for name, words in outcomes if numbers.get(name) == 1), "not noticed"),
        "cases": numbers["cases"],
        "details": found["confidence"],
    }


def _interval(numbers: dict[str, Any], name: str) -> dict[str, Any]:
    return {"value": numbers[name], "low": numbers[f"{name}_low"], "high": numbers[f"{name}_high"]}


def _cost(numbers: dict[str, Any], found: dict[str, Any], mode: str) -> dict[str, Any]:
    named = NODE.search(found["statement"])
    if named is None:
        raise ValueError("no node")
    same = ("services", "cpu_s", "syncs", "sync_s", "rules", "set_members", "tracked")
    steps = [
        {
            **{name: step[name] for name in same},
            "step": number,
            "programs_cpu_s": step.get("programs_cpu_s"),
            "memory_bytes": float(step["memory_mb"]) * MB,
        }
        for number, step in _by_step(numbers)
    ]
    return {"kind": "cost", "mode": mode, "node": named[1], "steps": steps}


def _cost_per_rule(numbers: dict[str, Any], found: dict[str, Any], mode: str) -> dict[str, Any]:
    names = ("services", "rules_walked", "rule_ns", "calibrated_rule_ns")
    steps = [{name: step[name] for name in names} for _, step in _by_step(numbers)]
    return {"kind": "cost per rule", "mode": mode, "least_rules": LEAST_RULES, "steps": steps}


def _growth(numbers: dict[str, Any], found: dict[str, Any], mode: str) -> dict[str, Any]:
    slope = {"value": numbers["per_1000_services_us"], "low": numbers["low_us"], "high": numbers["high_us"]}
    conclusion = "grows" if slope["low"] > 0 else "no growth" if NO_GROWTH in found["statement"] else "unknown"
    return {
        "kind": "growth",
        "mode": mode,
        "conclusion": conclusion,
        "per_1000_services_us": slope,
        "at_zero_us": numbers["at_zero_us"],
        "most_services": None,
        "steps": numbers["steps"],
        "baseline_corrected": "floor" in found["confidence"] or "baseline" in found["confidence"],
    }


UPGRADES: dict[str, Upgrade] = {
    "self-check": _self_check,
    "planted": _planted,
    "cost": _cost,
    "rule cost": _cost_per_rule,
    "growth": _growth,
}
"""How findings become records, by the kind that version 1 gave them."""
