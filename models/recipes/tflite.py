"""Conversion of a TFLite file by Google's ai-edge-quantizer."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import ModelError
from . import samples, tflite_file
from .layers import EIGHT, Widths
from .recipe import Conversion

if TYPE_CHECKING:
    from numpy.typing import NDArray

TFLITE_TOOLS = ("ai-edge-litert", "ai-edge-quantizer")


def tflite_static(
    *, widths: Widths = EIGHT, activation_bits: int = 8, per_channel: bool = True
) -> Conversion:
    """Return the conversion to integers of these widths, inputs and outputs included.

    Only plain convolutions and dense layers can have 4 bits.
    """
    activation = f"int{activation_bits}"
    symmetry = "symmetric" if activation_bits == 16 else "asymmetric"
    parameters = {
        "weights": f"int{widths.bits}, symmetric, "
        f"per {'channel' if per_channel else 'tensor'}",
        "activations": f"{activation}, {symmetry}, per tensor",
        "ranges": "minimum and maximum",
        "inputs and outputs": activation,
        **widths.told,
    }

    def apply(source: Path, given: Mapping[str, NDArray[Any]], out: Path) -> None:
        steps = static_steps(source, widths, activation_bits, per_channel)
        convert(source, steps, ranges(source, steps, given), out)

    return Conversion(
        weight_bits=widths.bits,
        activation_bits=activation_bits,
        calibrated=True,
        tools=TFLITE_TOOLS,
        parameters=parameters,
        apply=apply,
    )


def tflite_weight_only(widths: Widths = EIGHT) -> Conversion:
    """Return the conversion of weights alone to these widths."""

    def apply(source: Path, _: Mapping[str, NDArray[Any]], out: Path) -> None:
        from ai_edge_quantizer import qtyping, recipe_manager

        steps = recipe_manager.RecipeManager()
        operators = qtyping.TFLOperationName
        steps.add_weight_only_config(".*", operators.ALL_SUPPORTED, num_bits=8)
        for kind, name in _narrow(source, widths):
            steps.add_weight_only_config(name, operators(kind), num_bits=4)
        convert(source, steps, None, out)

    return Conversion(
        weight_bits=widths.bits,
        activation_bits=32,
        calibrated=False,
        tools=TFLITE_TOOLS,
        parameters={
            "weights": f"int{widths.bits}, symmetric, per channel",
            "activations": "float32",
            "inputs and outputs": "float32",
            **widths.told,
        },
        apply=apply,
    )


def _convert_dynamic(source: Path, _: Mapping[str, NDArray[Any]], out: Path) -> None:
    from ai_edge_quantizer import qtyping, recipe_manager

    steps = recipe_manager.RecipeManager()
    steps.add_dynamic_config(".*", qtyping.TFLOperationName.ALL_SUPPORTED, num_bits=8)
    convert(source, steps, None, out)


TFLITE_DYNAMIC = Conversion(
    weight_bits=8,
    activation_bits=32,
    calibrated=False,
    tools=TFLITE_TOOLS,
    parameters={
        "weights": "int8, symmetric, per channel",
        "activations": "float32; integers inside an operator, scaled at every call",
        "inputs and outputs": "float32",
    },
    apply=_convert_dynamic,
)


def _convert_fp16(source: Path, _: Mapping[str, NDArray[Any]], out: Path) -> None:
    from ai_edge_quantizer import algorithm_manager, qtyping, recipe_manager

    steps = recipe_manager.RecipeManager()
    steps.add_weight_only_config(
        ".*",
        qtyping.TFLOperationName.ALL_SUPPORTED,
        num_bits=16,
        algorithm_key=algorithm_manager.AlgorithmName.FLOAT_CASTING,
    )
    convert(source, steps, None, out)


TFLITE_FP16 = Conversion(
    weight_bits=16,
    activation_bits=32,
    calibrated=False,
    tools=TFLITE_TOOLS,
    parameters={
        "weights": "float16, widened to float32 when the model is loaded or run",
        "activations": "float32",
        "inputs and outputs": "float32",
    },
    apply=_convert_fp16,
)


def static_steps(
    source: Path,
    widths: Widths,
    activation_bits: int = 8,
    per_channel: bool = True,
) -> Any:
    """Return the quantiser's rules for integers of these widths.

    Raises:
        ModelError: the file is not fp32, or no weight can be as narrow as is asked for.
    """
    from ai_edge_quantizer import qtyping, recipe_manager

    granularity = qtyping.QuantGranularity
    operators = qtyping.TFLOperationName
    steps = recipe_manager.RecipeManager()
    steps.add_static_config(
        ".*",
        operators.ALL_SUPPORTED,
        activation_num_bits=activation_bits,
        weight_num_bits=8,
        weight_granularity=granularity.CHANNELWISE
        if per_channel
        else granularity.TENSORWISE,
    )
    for kind, name in _narrow(source, widths):
        steps.add_static_config(
            name,
            operators(kind),
            activation_num_bits=activation_bits,
            weight_num_bits=4,
        )
    return steps


def _narrow(source: Path, widths: Widths) -> list[tuple[str, str]]:
    """Return the operators whose weights take 4 bits: kind, and pattern of the name."""
    tflite_file.check(source)
    found = [
        (layer.operator, f"^{re.escape(layer.name)};$")
        for layer in tflite_file.layers(source)
        if widths.is_narrow(layer)
    ]
    if widths.bits == 4 and not found:
        raise ModelError("it has no weight that 4 bits are enough for; choose 8 bits")
    return found


def ranges(source: Path, steps: Any, given: Mapping[str, NDArray[Any]]) -> Any:
    """Return the extremes of every tensor over all samples.

    The quantiser's own default follows a moving average of each sample's range, which
    clips.

    Raises:
        ModelError: an activation is not finite.
    """
    from ai_edge_quantizer import calibrator
    from ai_edge_quantizer.utils import qsv_utils

    _check_rules(source, steps)
    signature, names, inputs = tflite_file.signature(tflite_file.check(source))
    portions = [
        {names[name]: array for name, array in portion.items()}
        for portion in samples.portions(given, inputs)
    ]
    with _quiet():
        found = calibrator.Calibrator(
            str(source), num_threads=1, qsv_update_func=qsv_utils.min_max_update
        )
        found.calibrate({signature: portions}, steps)
    extremes = found.get_model_qsvs()
    _check_finite(extremes)
    return extremes


def _check_finite(extremes: Mapping[str, Mapping[str, Any]]) -> None:
    import numpy as np

    for name, found in extremes.items():
        if not all(np.isfinite(value).all() for value in found.values()):
            raise ModelError(
                f"its activation {name!r} is not finite over the calibration samples, "
                "so it has no range; find the operator that divides by zero or "
                "overflows"
            )


def _check_rules(source: Path, steps: Any) -> None:
    """Check that some operator is met by the rules."""
    from ai_edge_quantizer import algorithm_manager, qtyping

    operators = tflite_file.operators(source)
    nothing = algorithm_manager.AlgorithmName.NO_QUANTIZE
    if all(
        steps.get_quantization_configs(qtyping.TFLOperationName(kind), name)[0]
        == nothing
        for kind, name in operators
    ):
        found = ", ".join(sorted({kind for kind, _ in operators})) or "others"
        raise ModelError(
            f"none of its operators can be quantised so: {found}; use it in float32"
        )


def convert(source: Path, steps: Any, extremes: Any, out: Path) -> None:
    """Write a file as the rules say.

    Raises:
        ModelError: the file is not fp32, or has nothing to convert.
    """
    from ai_edge_quantizer import quantizer

    tflite_file.check(source)
    _check_rules(source, steps)
    with _quiet():
        result = quantizer.Quantizer(
            str(source), steps.get_quantization_recipe()
        ).quantize(extremes, enable_progress_bar=False, enable_progress_report=False)
    out.write_bytes(bytes(result.quantized_model))


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what it says of the memory that it takes, and a bar it always shows."""
    with warnings.catch_warnings(), redirect_stderr(StringIO()):
        warnings.filterwarnings("ignore", "Warning: Enabling", UserWarning)
        yield
