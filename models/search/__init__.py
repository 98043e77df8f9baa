"""Search for networks that trade accuracy against latency on a chosen target."""
