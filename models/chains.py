"""The trained variants that every reference model offers, each beside its control."""

from __future__ import annotations

CHAINS = (
    *("finetune", "finetune > int8", "finetune > int4"),
    *("qat(int8)", "qat(int4)", "qat(int4-uniform)"),
    *("prune(0.5)", "prune(0.5) > int8", "heads(0.5)"),
    *("student(0.5)", "distil(0.5)", "distil(0.5) > int8"),
    "distil(0.5) > prune(0.5) > qat(int8)",
)
