"""A target whose device half builds what it opens."""

from tierbench.harness.target import Kind, Need, Option, Target, Tier


class Built(Target):
    name = "built"
    tier = Tier.ACCELERATOR
    formats = ("onnx", "tflite")
    runtime = "numpy"
    remedy = "plug the chip in"
    needs = (Need(Kind.MODULE, "json", "install Python"),)
    builds = True
    device_modules = ("support.built_device",)
    options = (Option(name="index", kind=int, default=0, help="which chip"),)
