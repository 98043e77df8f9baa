"""The device half's core: what travels to where the model runs.

Standard library only, syntax of Python >= 3.9: a board has the Python it has.
"""
