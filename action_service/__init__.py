"""Owns workflows, their actions, their executions and the records they change."""
