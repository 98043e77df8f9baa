"""An abacus that lies, as its option says."""

from tierbench_abacus import Abacus

from tierbench.harness.target import Option


class Liar(Abacus):
    """Claims to be an accelerator, and is something else."""

    name = "liar"
    runtime = "tierbench-liar"
    remedy = "pip install tierbench-liar"
    device_modules = (*Abacus.device_modules, "tierbench_liar.device")
    options = (Option(name="lies", kind=str, default="", help="its lies, by comma"),)
