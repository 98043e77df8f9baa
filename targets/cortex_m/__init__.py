"""Cortex-M: what the targets of that kind share."""
