"""Projection for accelerators and server cards, from published results."""
