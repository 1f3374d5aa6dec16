"""Workloads that measure Treadle on one machine, everything included."""
