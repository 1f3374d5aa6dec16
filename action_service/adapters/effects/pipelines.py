"""The pipelines that a batch's effects name, with their stages."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from action_service.adapters.driver import Driver
from action_service.domain.opportunities import Stage

# Ids of an account and of a pipeline in it.
PipelineKey: TypeAlias = tuple[str, str]

_READ = """
    SELECT p.account_id::text, p.id::text, p.name, a.currency, s.id::text, s.outcome
    FROM treadle.pipelines p
    JOIN unnest($1::uuid[], $2::uuid[]) AS v(account_id, id)
      ON v.account_id = p.account_id AND v.id = p.id
    JOIN treadle.accounts a ON a.id = p.account_id
    LEFT JOIN treadle.pipeline_stages s ON s.pipeline_id = p.id
    ORDER BY p.id, s.position
    """


class NoSuchStageError(Exception):
    """A configuration names a pipeline or stage that is not there; the text is for the user."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline; `stages` are in their order, by id."""

    id: str
    name: str
    # The account's own.
    currency: str
    stages: dict[str, Stage] = field(default_factory=dict[str, Stage])

    def stage(self, stage_id: str) -> Stage:
        """The stage of this id, the first one when it is empty; raises NoSuchStageError."""
        if stage_id in self.stages:
            return self.stages[stage_id]
        if stage_id:
            raise NoSuchStageError(
                f"stage_id: there is no stage {stage_id} in the pipeline {self.name};"
                " choose another one"
            )
        first = next(iter(self.stages.values()), None)
        if first is None:
            raise NoSuchStageError(
                f"pipeline_id: the pipeline {self.name} has no stages; give it one"
            )
        return first


class Pipelines:
    """The pipelines that exist among those named."""

    def __init__(self, found: Mapping[PipelineKey, Pipeline]) -> None:
        self._found = found

    @classmethod
    async def load(cls, connection: Driver, wanted: Collection[PipelineKey]) -> "Pipelines":
        """Those of the pipelines that exist."""
        found: dict[PipelineKey, Pipeline] = {}
        rows = await connection.fetch(_READ, *zip(*wanted, strict=True))
        for account_id, pipeline_id, name, currency, stage_id, outcome in rows:
            pipeline = found.setdefault(
                (account_id, pipeline_id), Pipeline(pipeline_id, name, currency)
            )
            if stage_id is not None:
                pipeline.stages[stage_id] = Stage(stage_id, outcome)
        return cls(found)

    def get(self, account_id: str, pipeline_id: str) -> Pipeline:
        """The account's pipeline; raises NoSuchStageError."""
        pipeline = self._found.get((account_id, pipeline_id))
        if pipeline is None:
            raise NoSuchStageError(
                f"pipeline_id: there is no pipeline {pipeline_id}; choose another one"
            )
        return pipeline
