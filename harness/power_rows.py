"""The keys ``power`` and ``energy_mj`` of a result row."""

from __future__ import annotations

from typing import Any

from .power import Power, PowerFindings
from .row_values import estimated, known, unknown
from .values import Evidence

UNTOLD = "the meter does not tell"


def power_keys(
    findings: PowerFindings, evidence: Evidence, why: str | None = None
) -> dict[str, Any]:
    """Return both keys: of the first meter, the others in ``energy_mj.others``.

    Args:
        findings: what the meters told.
        evidence: the row's own, named only where the meter's differs.
        why: the reason where no meter could be read at all.
    """
    if not findings.found:
        reason = why or "; ".join(findings.reasons)
        return {**unknown("power", reason), **unknown("energy_mj", reason)}
    first, *others = findings.found
    return {
        "power": _power(first, evidence),
        "energy_mj": {
            **_energy(first, evidence),
            "others": [
                {"power": _power(one, evidence), "energy_mj": _energy(one, evidence)}
                for one in others
            ],
            "unread": list(findings.reasons),
        },
    }


def _power(power: Power, evidence: Evidence) -> dict[str, Any]:
    channels = [str(channel["channel"]) for channel in power.channels]
    first = power.channels[0] if power.channels else {}
    update = None if power.update_ns is None else power.update_ns / 1e6
    return {
        "mean_w": power.mean_w,
        **known("idle_w", power.idle_w, power.net.reason or UNTOLD),
        "scope": power.scope,
        "meter": power.meter,
        **known("channel", power.channel, UNTOLD),
        "channels": channels,
        "notes": list(power.notes),
        **known("update_ms", update, UNTOLD),
        **known("updates", power.updates, UNTOLD),
        **known("accuracy", _accuracy(first), UNTOLD),
        **known("clock", _clock(first), UNTOLD),
        **_evidence(power, evidence),
    }


def _energy(power: Power, evidence: Evidence) -> dict[str, Any]:
    return {
        **estimated("gross", power.gross, 1e3),
        **estimated("net", power.net, 1e3),
        "scope": power.scope,
        "uncertainty": {
            source: joules * 1e3 for source, joules in power.uncertainty_j.items()
        },
        **_evidence(power, evidence),
    }


def _accuracy(channel: Any) -> dict[str, Any] | None:
    if not channel:
        return None
    names = ("gain", "offset_w", "sampled_fraction", "source")
    return {name: channel[name] for name in names}


def _clock(channel: Any) -> dict[str, Any] | None:
    if not channel:
        return None
    return {
        "how": channel["clock"],
        "offset_ms": channel["clock_offset_ns"] / 1e6,
        "error_ms": channel["clock_error_ns"] / 1e6,
    }


def _evidence(power: Power, evidence: Evidence) -> dict[str, str]:
    same = power.evidence == evidence
    return {} if same else {"evidence": str(power.evidence)}
