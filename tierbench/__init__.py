"""Hardware-aware benchmarking of edge-AI inference."""
