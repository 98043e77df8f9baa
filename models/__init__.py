"""Reference models, data sets and variant recipes."""
