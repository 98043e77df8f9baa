"""A session that computes nothing and counts its calls."""

from tierbench.harness.device.session import Session


class CountingSession(Session):
    calls = 0

    def inputs(self):
        return []

    def bind(self, tensors):
        pass

    def infer(self):
        self.calls += 1

    def outputs(self):
        return []

    def ran(self):
        return {}
