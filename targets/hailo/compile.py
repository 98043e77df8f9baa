"""Compile a .onnx file to a HEF: ``compile.py MODEL CHIP SAMPLES.npz OUT [SCRIPT]``.

It is run by file name in the Python that has Hailo's Dataflow Compiler, so it imports
nothing of ours. Its calls are those of the compiler's published examples; they are
unchecked, since the compiler can be had after a login only.
"""

import sys


def main(
    model: str, architecture: str, samples: str, out: str, script: str = ""
) -> None:
    """Translate, quantise by samples [n, ...] and compile."""
    import numpy as np
    from hailo_sdk_client import ClientRunner

    with np.load(samples, allow_pickle=False) as arrays:
        if len(arrays.files) != 1:
            sys.exit(f"the samples hold {len(arrays.files)} arrays; one is valid")
        calibration = arrays[arrays.files[0]]
    runner = ClientRunner(hw_arch=architecture)
    runner.translate_onnx_model(model, "model")
    if script:
        with open(script, encoding="utf-8") as file:
            runner.load_model_script(file.read())
    runner.optimize(calibration)
    hef = runner.compile()
    with open(out, "wb") as file:
        file.write(hef)


if __name__ == "__main__":
    main(*sys.argv[1:])
