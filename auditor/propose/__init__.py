"""What a destination's listing suggests as configuration: each guess with what it was seen on, none made silently."""

from auditor.propose.flows import Irregular, ProposedFlow, propose_flows
from auditor.propose.habits import Habits, counted, read_habits
from auditor.propose.places import Place
from auditor.propose.seen import Seen, observe_dataset
from auditor.propose.survey import NothingSeen, Survey, survey_destination
from auditor.propose.writing import Proposal, render_proposal

__all__ = [
    "Habits",
    "Irregular",
    "NothingSeen",
    "Place",
    "Proposal",
    "ProposedFlow",
    "Seen",
    "Survey",
    "counted",
    "observe_dataset",
    "propose_flows",
    "read_habits",
    "render_proposal",
    "survey_destination",
]
