"""Cortex-M (a stub until the target is here)."""
