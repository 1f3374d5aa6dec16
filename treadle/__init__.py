"""The contracts as Python: generated from protos/ by tools/gen.py, never edited."""
