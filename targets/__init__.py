"""Target adapters: one folder per hardware family."""
