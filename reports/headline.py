"""The fronts in words: for each model, what is worth a look and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from ..harness.front import State
from .metrics import Row, read
from .pareto import Front
from .summary import accuracy_name, case_name, distinct, leading, shown

_NAMED_MAX = 2
"""Cases between the ends of a front that are named; more are counted."""


def front_sentences(rows: Sequence[Row], fronts: Sequence[Front]) -> dict[str, str]:
    """Return one sentence for each model, on the front of its simplest workload.

    It is about latency or, offline, throughput. Measured cases come first; where there
    are none, the first class of evidence speaks, and is named.
    """
    sentences = {}
    for model in distinct(front.model for front in fronts):
        own = [f for f in fronts if f.model == model and f.cost.group != "size_bytes"]
        own = [front for front in own if front.cost.group != "memory"]
        own.sort(key=lambda front: front.evidence != "measured")
        if own:
            same = [front for front in own if front.evidence == own[0].evidence]
            first = min(same, key=lambda front: leading(rows[front.members[0]]))
            sentences[model] = _sentence(rows, first)
    return sentences


def _sentence(rows: Sequence[Row], front: Front) -> str:
    members = [rows[place] for place in front.members]
    kind = "" if front.evidence == "measured" else f"{front.evidence} "
    count, total = len(members), len(front.states)
    cases = f"{kind}case" if total == 1 else f"{kind}cases"
    verb = "is" if count == 1 else "are"
    text = f"{front.workload}: {count} of {total} {cases} {verb} on the front"
    if count == 1:
        text += f", {_told(members[0], front)}"
    else:
        first, *middle, last = members
        text += f", from {_told(first, front)}"
        if middle:
            text += f" over {_between(middle)}"
        text += f" to {_told(last, front)}"
    near = sum(state is State.WITHIN_NOISE for state in front.states.values())
    if near:
        text += f"; {near} more {'is' if near == 1 else 'are'} within noise of it"
    return f"{text[:1].upper()}{text[1:]}."


def _between(rows: Sequence[Row]) -> str:
    if len(rows) > _NAMED_MAX:
        return f"{len(rows)} others"
    return " and ".join(case_name(row) for row in rows)


def _told(row: Row, front: Front) -> str:
    """Return a case with its cost and its accuracy, and whether it converged."""
    cost = shown(front.cost.of(row))
    accuracy = shown(read(row, "accuracy", "value"))
    metric = accuracy_name(row)
    told = f"{cost}\u00a0{front.cost.unit}, {metric} {accuracy}"
    open_end = ", not converged" if row.get("status") == "not_converged" else ""
    return f"{case_name(row)} ({told}{open_end})"
