"""The harness: seam, plan, clock, statistics, store and command line."""
