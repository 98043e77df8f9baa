"""A device half that builds what it opens, knows its device, and has a clock."""

import os

from tierbench.harness.device import artifacts
from tierbench.harness.device.session import Session, SessionError
from tierbench.harness.device.wire import Tensor


class BuiltSession(Session):
    device_clock = "a fixed time"

    def __init__(self, path):
        if not os.path.exists(path):
            raise SessionError("nothing was built of the model")
        with open(path, "rb") as file:
            self._built_by = int(file.read())

    def inputs(self):
        return [{"name": "x", "dtype": "uint8", "shape": [4]}]

    def bind(self, tensors):
        pass

    def infer(self):
        sum(range(1000))

    def device_ns(self):
        self.infer()
        return 100

    def outputs(self):
        return [Tensor("y", "uint8", (4,), bytes(4))]

    def ran(self):
        return {
            "provider": "built",
            "built_elsewhere": self._built_by != os.getpid(),
            "builder": self._built_by,
        }


def identify(options):
    if options["index"] == 7:
        raise SessionError("there is no device 7; plug it in")
    if options["index"] == 8:
        os.abort()
    return {"device": f"chip {options['index']}", "driver": "1.0"}


def _path(model, options, batch):
    depends = {"index": options["index"], "batch": batch}
    return artifacts.path_of(model, depends, ".built")


def build(model, options, batch):
    path = _path(model, options, batch)
    if not os.path.exists(path):
        artifacts.keep(path, b"%d" % os.getpid())


def open_session(model, options, batch):
    return BuiltSession(_path(model, options, batch))
