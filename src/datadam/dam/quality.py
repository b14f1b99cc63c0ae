"""Quality: look a judged file over as a whole, and keep what was found for its contributor alone.

A finding refuses nothing. It rests on the deposit's own rows and on its contributor's own earlier ones; they are read
for nobody else, and nobody else's are read. What was found holds values, so it lies in the deposit's work folder, as
long as the rejects do, and never in the store or the log.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from datadam.dam import lineage
from datadam.dam.world import World
from datadam.errors import Unavailable
from datadam.model import Deposit, Job, Json, Reason, Standard, Tally, Withdrawal
from datadam.plan import Plan
from datadam.ports import Finding, Outputs, Survey, SurveyOrder
from datadam.prepare import survey_to_json

SURVEY: Final = "survey.json"
HISTORY: Final = 12  # own earlier deposits that are looked at: the thousandth must not cost more than the tenth


def order(world: World, job: Job, judged: tuple[Standard, Plan], outputs: Outputs, tally: Tally) -> SurveyOrder:
    """What is looked at: what the run wrote, and the newest of the contributor's own deposits that stand."""
    return SurveyOrder(
        standard=judged[0],
        plan=judged[1],
        admitted=outputs.admitted if tally.admitted else None,
        rejects=outputs.rejects if tally.rejects else None,
        held=_newest(world, job),
    )


def _newest(world: World, job: Job) -> tuple[Path, ...]:
    """The last few of the contributor's own files in the same table, newest first; none that it takes back."""
    here = lineage.table(world, job.standard, job.version)  # another version may say the same in another unit
    alike = [one.standard.version for one in lineage.versions(world, job.standard) if one.table == here]
    own = {"contributor": job.contributor, "standard": job.standard}
    with world.store.read() as rows:
        gone = {str(one.deposit) for one in rows.find(Withdrawal, **own)} | {str(job.facts.get("amends"))}
        most = HISTORY + len(gone)  # of these, some do not stand any more
        last = [one for version in alike for one in rows.newest(Deposit, "index", most, **own, version=version)]
    last.sort(key=lambda one: one.index, reverse=True)
    standing = [one for one in last if one.id not in gone][:HISTORY]
    return tuple(world.lake.place(here, one.tag, one.id) for one in standing)


def look_over(
    world: World, job: Job, order: SurveyOrder, told: Survey, changes: Mapping[str, Iterable[Reason]]
) -> None:
    """Make the survey and keep it, with what was `told` before. One that cannot be made says so, and stops nothing."""
    try:
        survey = world.surveyor.survey(order)
    except Unavailable as error:
        survey = Survey(findings=(Finding(reason=Reason(error.code, dict(error.facts))),))
    survey = replace(told, findings=(*told.findings, *survey.findings))
    text = json.dumps(survey_to_json(survey, changes), ensure_ascii=False, sort_keys=True)
    world.spool.keep(job.id, SURVEY, text.encode())


def kept(world: World, job: Job) -> Json:
    """What was found, `{findings, columns, changes}`; empty before the file was judged and after its days are over."""
    data = world.spool.kept(job.id, SURVEY)
    found: Json = {"findings": [], "columns": {}, "changes": {}} if data is None else json.loads(data)
    return found
