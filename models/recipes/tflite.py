"""Conversion of a TFLite file by Google's ai-edge-quantizer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import ModelError
from . import samples
from .recipe import Conversion

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOOLS = ("ai-edge-litert", "ai-edge-quantizer")
_INT4_OPERATORS = ("CONV_2D", "FULLY_CONNECTED")
"""All that the quantiser can combine 4-bit weights and 8-bit activations for."""


def tflite_static(
    *, weight_bits: int = 8, activation_bits: int = 8, per_channel: bool = True
) -> Conversion:
    """Return the conversion to integers of these widths, inputs and outputs included.

    With 4 bits only plain convolutions and dense layers have them; the others' weights
    have 8.
    """
    activation = f"int{activation_bits}"
    symmetry = "symmetric" if activation_bits == 16 else "asymmetric"
    parameters = {
        "weights": f"int{weight_bits}, symmetric, "
        f"per {'channel' if per_channel else 'tensor'}",
        "activations": f"{activation}, {symmetry}, per tensor",
        "ranges": "minimum and maximum",
        "inputs and outputs": activation,
    }
    if weight_bits == 4:
        parameters["weights of 8 bits"] = (
            f"of operators other than {' and '.join(_INT4_OPERATORS)}"
        )

    def apply(source: Path, given: Mapping[str, NDArray[Any]], out: Path) -> None:
        steps = _static_steps(weight_bits, activation_bits, per_channel)
        _convert(source, steps, _ranges(source, steps, given), out)

    return Conversion(
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        calibrated=True,
        tools=_TOOLS,
        parameters=parameters,
        apply=apply,
    )


def _static_steps(weight_bits: int, activation_bits: int, per_channel: bool) -> Any:
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
    if weight_bits == 4:
        for name in _INT4_OPERATORS:
            steps.add_static_config(
                ".*",
                operators(name),
                activation_num_bits=activation_bits,
                weight_num_bits=4,
            )
    return steps


def _convert_fp16(source: Path, _: Mapping[str, NDArray[Any]], out: Path) -> None:
    from ai_edge_quantizer import algorithm_manager, qtyping, recipe_manager

    _open(source)
    steps = recipe_manager.RecipeManager()
    steps.add_weight_only_config(
        ".*",
        qtyping.TFLOperationName.ALL_SUPPORTED,
        num_bits=16,
        algorithm_key=algorithm_manager.AlgorithmName.FLOAT_CASTING,
    )
    _convert(source, steps, None, out)


TFLITE_FP16 = Conversion(
    weight_bits=16,
    activation_bits=32,
    calibrated=False,
    tools=_TOOLS,
    parameters={
        "weights": "float16, widened to float32 when the model is loaded or run",
        "activations": "float32",
        "inputs and outputs": "float32",
    },
    apply=_convert_fp16,
)


def _ranges(source: Path, steps: Any, given: Mapping[str, NDArray[Any]]) -> Any:
    """Return the extremes of every tensor over all samples.

    The quantiser's own default follows a moving average of each sample's range, which
    clips.
    """
    from ai_edge_quantizer import calibrator
    from ai_edge_quantizer.utils import qsv_utils

    signature, names, inputs = _signature(source)
    portions = [
        {names[name]: array for name, array in portion.items()}
        for portion in samples.portions(given, inputs)
    ]
    with _quiet():
        found = calibrator.Calibrator(
            str(source), num_threads=1, qsv_update_func=qsv_utils.min_max_update
        )
        found.calibrate({signature: portions}, steps)
    return found.get_model_qsvs()


def _signature(source: Path) -> tuple[str, dict[str, str], dict[str, samples.Input]]:
    """Return the signature's name, its name of each input, and what inputs take."""
    import numpy as np

    interpreter = _open(source)
    signatures = list(interpreter.get_signature_list())
    if not signatures:
        raise ModelError("it has no signature; convert it with a newer converter")
    details = interpreter.get_signature_runner(signatures[0]).get_input_details()
    inputs = {
        tensor["name"]: samples.Input(
            # A prescribed number is kept: not every graph can be resized.
            dtype=np.dtype(tensor["dtype"]).name,
            batch=int(tensor["shape"][0]),
        )
        for tensor in details.values()
    }
    names = {tensor["name"]: name for name, tensor in details.items()}
    return signatures[0], names, inputs


def _open(source: Path) -> Any:
    """Return an interpreter of an fp32 file.

    Raises:
        ModelError: the file is quantised or converted already.
    """
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(source), num_threads=1)
    for tensor in interpreter.get_tensor_details():
        scales = tensor["quantization_parameters"]["scales"]
        if len(scales) or tensor["dtype"] is np.float16:
            raise ModelError("it is quantised already; give the fp32 file")
    return interpreter


def _convert(source: Path, steps: Any, ranges: Any, out: Path) -> None:
    from ai_edge_quantizer import quantizer

    with _quiet():
        result = quantizer.Quantizer(
            str(source), steps.get_quantization_recipe()
        ).quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    out.write_bytes(bytes(result.quantized_model))


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what it says of the memory that it takes, and a bar it always shows."""
    with warnings.catch_warnings(), redirect_stderr(StringIO()):
        warnings.filterwarnings("ignore", "Warning: Enabling", UserWarning)
        yield
