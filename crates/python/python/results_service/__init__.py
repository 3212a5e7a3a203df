"""`results` from Python: run analyses, and get tables, plots and reports of what they found.

>>> import results_service as rs
>>> run = rs.run("k6_full", data="DATA")
>>> run.sql("select user_id, TE_A2S from te").to_pandas()
"""

from ._analysis import Analysis, Skip, Unit, analysis
from ._answer import Answer
from ._errors import Incomplete, Interrupted, ProgramNotFound, ResultsError, UsageError
from ._program import find as program
from ._results import Plot, Report, Results, Status, open
from ._run import demo, resume, run

__all__ = [
    "Analysis",
    "Answer",
    "Incomplete",
    "Interrupted",
    "Plot",
    "ProgramNotFound",
    "Report",
    "Results",
    "ResultsError",
    "Skip",
    "Status",
    "Unit",
    "UsageError",
    "analysis",
    "demo",
    "open",
    "program",
    "resume",
    "run",
]
