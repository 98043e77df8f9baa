"""What can be wrong with a user's own data and module: all of it, before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..harness.calibration_samples import SAMPLES_MIN
from ..harness.errors import ModelError

if TYPE_CHECKING:
    from torch import nn

    from .learner import Learner

_SPLITS = ("training", "calibration", "evaluation")
_TRIED = 256
"""Samples on which a network is tried."""


def data_problems(arrays: Any, classes: Sequence[str], batch: int) -> list[str]:
    """Return what is wrong with a user's data."""
    if not isinstance(arrays, Mapping) or set(arrays) != set(_SPLITS):
        found = (
            sorted(map(str, arrays)) if isinstance(arrays, Mapping) else type(arrays)
        )
        return [f"'data' gave {found!r}; give a dictionary of {', '.join(_SPLITS)}"]
    problems, shapes = [], {}
    least = {"training": batch, "calibration": SAMPLES_MIN, "evaluation": 1}
    for split in _SPLITS:
        pair = arrays[split]
        if not isinstance(pair, tuple) or len(pair) != 2:
            problems.append(f"{split}: {type(pair).__name__}; give (inputs, labels)")
            continue
        problems += [f"{split} {one}" for one in _input_problems(pair[0], least[split])]
        problems += [f"{split} {one}" for one in _label_problems(*pair, len(classes))]
        shapes[split] = getattr(pair[0], "shape", (None,))[1:]
    if len(set(shapes.values())) > 1:
        problems.append(f"samples have the shapes {shapes}; give one in all splits")
    return problems or _shared(arrays)


def _input_problems(inputs: Any, least: int) -> list[str]:
    if not isinstance(inputs, np.ndarray) or inputs.dtype != np.float32:
        kind = getattr(inputs, "dtype", type(inputs).__name__)
        return [f"inputs are {str(kind)!r}; give a NumPy array of float32"]
    if inputs.ndim < 2:
        return [f"inputs have the shape {inputs.shape}; give [n, ...]"]
    problems = []
    if len(inputs) < least:
        why = " (a batch)" if least > SAMPLES_MIN else ""
        problems.append(f"has {len(inputs)} samples; give {least}{why} at least")
    if wrong := int(
        (~np.isfinite(inputs)).any(axis=tuple(range(1, inputs.ndim))).sum()
    ):
        problems.append(f"inputs: {wrong} samples hold NaN or infinity; leave them out")
    return problems


def _label_problems(inputs: Any, labels: Any, classes: int) -> list[str]:
    if not isinstance(labels, np.ndarray) or labels.dtype != np.int64:
        kind = getattr(labels, "dtype", type(labels).__name__)
        return [f"labels are {str(kind)!r}; give a NumPy array of int64"]
    count = len(inputs) if isinstance(inputs, np.ndarray) and inputs.ndim else 0
    if labels.shape != (count,):
        return [f"labels have the shape {labels.shape}; give ({count},), one a sample"]
    if wrong := sorted(set(labels[(labels < 0) | (labels >= classes)].tolist())):
        shown = ", ".join(map(str, wrong[:5]))
        return [f"labels hold {shown}; valid are 0 to {classes - 1}, the classes"]
    return []


def _shared(arrays: Mapping[str, Any]) -> list[str]:
    """Return whether other splits hold evaluation samples: that would flatter."""
    judged = [sample.tobytes() for sample in arrays["evaluation"][0]]
    problems = []
    for split in ("training", "calibration"):
        known = {sample.tobytes() for sample in arrays[split][0]}
        if count := sum(sample in known for sample in judged):
            problems.append(
                f"{count} evaluation samples are also among those for {split}, which "
                "would flatter the accuracy; leave them out"
            )
    return problems


def folded_and_problems(learner: Learner) -> tuple[nn.Module | None, list[str]]:
    """Return a user's network folded, or None and what is wrong with it.

    This function needs torch.
    """
    from torch import nn

    net = learner.network(len(learner.data.classes), 1.0)
    if not isinstance(net, nn.Module):
        kind = type(net).__name__
        return None, [f"'network' gave {kind!r}; give a torch.nn.Module"]
    problems = _weight_problems(net) + _output_problems(net.eval(), learner)
    if problems:
        return None, problems
    try:
        folded = learner.fold(net)
    except ModelError as exc:
        return None, list(exc.lines)
    return folded, _changed(net, folded, learner)


def _weight_problems(net: nn.Module) -> list[str]:
    import torch

    problems, seen = [], dict[int, str]()
    for name, one in net.named_parameters(remove_duplicate=False):
        if one.dtype != torch.float32 or one.device.type != "cpu":
            problems.append(
                f"parameter {name!r} is {one.dtype} on {one.device}; give float32 on "
                "the processor: net.float().cpu()"
            )
        elif not torch.isfinite(one).all():
            problems.append(f"parameter {name!r} holds NaN or infinity")
        if seen.setdefault(id(one), name) != name:
            problems.append(
                f"parameters {seen[id(one)]!r} and {name!r} are one; give each layer "
                "weights of its own"
            )
    return problems


def _output_problems(net: nn.Module, learner: Learner) -> list[str]:
    """Return what is wrong with what the network gives for calibration samples."""
    import torch

    inputs = learner.inputs(learner.data.samples("calibration")[:_TRIED])
    broken = list[str]()
    hooks = [
        layer.register_forward_hook(_watch(name or "the network", broken))
        for name, layer in net.named_modules()
    ]
    try:
        with torch.no_grad():
            logits = net(torch.from_numpy(np.ascontiguousarray(inputs)))
    except Exception as exc:  # whatever the network's own code raises
        said = " ".join(str(exc).split())
        return [
            f"it cannot take inputs of the shape {inputs.shape}: "
            f"{type(exc).__name__}: {said}"
        ]
    finally:
        for hook in hooks:
            hook.remove()
    if broken:
        return [
            f"activations of {broken[0]!r} hold NaN or infinity for calibration data"
        ]
    expected = (len(inputs), len(learner.data.classes))
    shape = tuple(getattr(logits, "shape", ()))
    if shape != expected:
        what = shape or type(logits).__name__
        return [f"it gives {what}; give logits of the shape {expected}: [n, classes]"]
    return []


def _watch(name: str, broken: list[str]) -> Any:
    import torch

    def look(layer: Any, given: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and not torch.isfinite(output).all():
            broken.append(name)

    return look


def _changed(net: nn.Module, folded: nn.Module, learner: Learner) -> list[str]:
    """Return whether folding changed what the network does."""
    import torch

    inputs = learner.inputs(learner.data.samples("calibration")[:_TRIED])
    given = torch.from_numpy(np.ascontiguousarray(inputs))
    with torch.no_grad():
        before, after = net(given), folded(given)
    if torch.allclose(before, after, rtol=1e-3, atol=1e-3 * float(before.abs().max())):
        return []
    worst = float((before - after).abs().max())
    return [
        f"folding its batch normalisations changes its logits by up to {worst:.3g}; "
        "give the network without them"
    ]
