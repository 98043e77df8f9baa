"""Readers of a device's state, read once."""

from tierbench.harness.device.reader import Reader


def told(reader: Reader) -> dict[str, float | None]:
    """Return what a reader tells now, by ``quantity: name``."""
    channels, values = reader.channels(), reader.read()
    assert len(channels) == len(values)
    keys = [f"{channel['quantity']}: {channel['name']}" for channel in channels]
    assert len(set(keys)) == len(keys), "two channels have one name"
    return dict(zip(keys, values, strict=True))
