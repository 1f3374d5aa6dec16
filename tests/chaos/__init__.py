"""Breaks a whole stack on purpose, by a seeded schedule, and checks its history afterwards.

`python -m tests.chaos --seed 7 --seconds 120`, or `make chaos`. How the parts fit:

- `schedule`: from a seed to a list of timed faults; pure.
- `site`: the stack under test, its replicas, and the proxies that lie between its processes.
- `faults/`: what each kind of fault does to a site, and undoes.
- `load`: customers, who start runs of the workflows in `plans` and ask again when nobody answers.
- `history`: what everybody says happened: customers, database, providers.
- `checker`: what must be true of a history; pure.
- `run`: one run from beginning to end; `report` puts it into words.

docs/chaos.md tells how to use it, and what each rule means.
"""
