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


class TimedSession(CountingSession):
    """One whose device has a clock, which tells 7 ns each time."""

    device_clock = "counts"

    def device_ns(self):
        self.infer()
        return 7
