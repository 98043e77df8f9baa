"""A target in a package of its own: the host half, which imports no runtime."""

from tierbench.harness.target import Kind, Need, Target, Tier


class Abacus(Target):
    """An accelerator that is played by NumPy; its numbers are really computed."""

    name = "abacus"
    tier = Tier.ACCELERATOR
    formats = ("onnx",)
    runtime = "tierbench-abacus"
    remedy = "pip install tierbench-abacus"
    needs = (
        Need(Kind.DISTRIBUTION, "numpy", "pip install numpy"),
        Need(Kind.DISTRIBUTION, "onnx", "pip install onnx"),
    )
    device_modules = ("tierbench_abacus.beads", "tierbench_abacus.device")

    def check(self, variant, workload):
        """Return that the abacus has no beads for integers, or None."""
        if 32 not in (variant.weight_bits, variant.activation_bits):
            return f"{variant.name} is quantised; the abacus takes fp32"
        return None
