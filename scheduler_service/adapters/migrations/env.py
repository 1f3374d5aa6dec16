"""Alembic loads this file for every run."""

from common.migrations import run_env

run_env()
