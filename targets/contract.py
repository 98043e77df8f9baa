"""The contract that every target keeps, as tests for a plug-in's own suite.

::

    from tierbench.targets.contract import TargetContract

    class TestMyTarget(TargetContract):
        target = MyTarget
        model = Path("tests/small.onnx")     # any file that the target runs

A target that cannot run here fails nothing: what needs it is skipped with the
target's own reason. On a device, ``pytest --tier-target NAME --tier-conformance`` runs
the same tests without a file of one's own, and writes a report.
"""

from __future__ import annotations

from ..harness.conformance.contract import TargetContract as TargetContract
