"""TensorRT's and CUDA's libraries, played below NVIDIA's own Python bindings.

Those bindings are real: ``tensorrt-cu12-bindings`` 10.3.0, ``tensorrt-cu13-bindings``
11.4.0.106 and ``cuda-bindings``. A name, an argument or an enumerator that they do not
have fails as it would on a device. What they call lies at a place in a table of virtual
functions, which ``PLACES`` names: read from ``include/NvInferImpl.h`` of
github.com/NVIDIA/TensorRT at v10.3.0 and v11.1, and from ``NvOnnxParser.h`` of
onnx-tensorrt 10.1 and of v11.1; within a major version places are only added.
"""

import os
import shutil
import subprocess
from pathlib import Path

from .components import missing

HERE = Path(__file__).parents[1] / "targets" / "tensorrt"
FOLDERS = "TIERBENCH_TENSORRT"
"""Names a folder with ``10`` and ``11``, each a site of the bindings and of CUDA's."""

# class, method, what plays it, its place in 10 and in 11
PLACES = (
    ("BUILDER", "createBuilderConfig", "config_of", 7, 5),
    ("BUILDER", "createNetworkV2", "network_of", 8, 6),
    ("BUILDER", "createOptimizationProfile", "profile_of", 9, 7),
    ("BUILDER", "buildSerializedNetwork", "plan_of", 14, 11),
    ("BUILDER", "getNbDLACores", "dla_cores", 5, 3),
    ("NETWORK", "getNbLayers", "one", 12, 12),
    ("NETWORK", "getLayer", "layer", 13, 13),
    ("NETWORK", "getNbInputs", "one", 14, 14),
    ("NETWORK", "getInput", "input", 15, 15),
    ("TENSOR", "getName", "tensor_name", 3, 3),
    ("TENSOR", "getDimensions", "tensor_dims", 5, 5),
    ("TENSOR", "getType", "tensor_type", 7, 6),
    ("TENSOR", "isShapeTensor", "no", 21, 15),
    ("LAYER", "getType", "layer_kind", 2, 2),
    ("LAYER", "getName", "layer_name", 4, 4),
    ("LAYER", "getNbOutputs", "one", 7, 7),
    ("LAYER", "getOutput", "output", 8, 8),
    ("CONFIG", "clearFlag", "clear_flag", 10, 8),
    ("CONFIG", "setFlag", "set_flag", 11, 9),
    ("CONFIG", "getFlag", "get_flag", 12, 10),
    ("CONFIG", "setDLACore", "set_core", 18, 16),
    ("CONFIG", "setDefaultDeviceType", "set_device", 20, 18),
    ("CONFIG", "addOptimizationProfile", "add_profile", 25, 23),
    ("CONFIG", "setProfilingVerbosity", "set_verbosity", 27, 25),
    ("CONFIG", "createTimingCache", "cache_of", 40, 29),
    ("CONFIG", "setTimingCache", "set_cache", 41, 30),
    ("PROFILE", "setDimensions", "set_dims", 2, 2),
    ("MEMORY", "data", "data", 2, 2),
    ("MEMORY", "size", "size", 3, 3),
    ("MEMORY", "type", "two", 4, 4),
    ("CACHE", "serialize", "cache_text", 2, 2),
    ("RUNTIME", "deserializeCudaEngine", "engine_of", 3, 3),
    ("RUNTIME", "setDLACore", "set_core", 5, 4),
    ("ENGINE", "createExecutionContext", "context_of", 5, 5),
    ("ENGINE", "createEngineInspector", "inspector_of", 18, 14),
    ("ENGINE", "getTensorShape", "io_shape", 19, 15),
    ("ENGINE", "getTensorDataType", "io_type", 20, 16),
    ("ENGINE", "getTensorIOMode", "io_mode", 23, 19),
    ("ENGINE", "getNbIOTensors", "two", 30, 26),
    ("ENGINE", "getIOTensorName", "io_name", 31, 27),
    ("CONTEXT", "setInputShape", "set_input_shape", 21, 20),
    ("CONTEXT", "getTensorShape", "context_shape", 22, 21),
    ("CONTEXT", "setTensorAddress", "set_address", 24, 23),
    ("CONTEXT", "enqueueV3", "enqueue", 37, 36),
    ("INSPECTOR", "getEngineInformation", "information", 6, 6),
    ("PARSER", "parseFromFile", "parse", 1, 1),
    ("PARSER", "getNbErrors", "errors", 5, 3),
    ("PARSER", "getError", "error", 6, 4),
    ("PARSER", "~IParser", "nothing", 8, 6),
    ("PARSER", "~IParser, deleting", "nothing", 9, 7),
    ("ERROR", "desc", "error_text", 1, 1),
)


def site(major: str) -> Path:
    """Return the folder with the bindings of a version, or skip."""
    folder = Path(os.environ.get(FOLDERS, "/nowhere")) / major
    if not (folder / "tensorrt_bindings").is_dir():
        missing("tensorrt", f"{FOLDERS} names no folder with the bindings of {major}")
    if shutil.which("g++") is None or shutil.which("gcc") is None:
        missing("tensorrt", "gcc or g++ is not installed")
    return folder


def libraries(major: str, folder: Path) -> None:
    """Compile the libraries of a version into a folder."""
    cuda = folder / "libcuda.so.1"
    shared = ("-shared", "-fPIC", "-w", "-O1")
    _run("gcc", *shared, "-Wl,-soname,libcuda.so.1", "-o", cuda, HERE / "cuda_stub.c")
    place = 3 if major == "10" else 4
    played = " ".join(f"PLAY({one[0]}, {one[place]}, {one[2]})" for one in PLACES)
    log_place = f"-DLOG_PLACE={0 if major == '10' else 4}"  # of ILogger's log
    first = folder / f"libnvinfer.so.{major}"
    _run("g++", *shared, "-std=c++17", f"-DPLAYED={played}", log_place, "-o",
         first, HERE / "nvinfer_stub.cpp", cuda)  # fmt: skip
    for name in ("libnvinfer_plugin", "libnvonnxparser"):
        (folder / f"{name}.so.{major}").symlink_to(first)


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
