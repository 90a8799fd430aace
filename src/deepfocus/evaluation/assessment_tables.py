"""The tables of an evaluation: the paper's Tables 4 and 5, and what the paper does not say."""

from __future__ import annotations

from deepfocus.evaluation.assessment import Assessment
from deepfocus.evaluation.detection_tables import detection_table, losses_table, lost_at_table
from deepfocus.evaluation.parameter_tables import (
    bounds_table,
    completeness_table,
    parameter_table,
    pulls_table,
    reliability_table,
)
from deepfocus.evaluation.report_table import ReportTable

MAKERS = (
    detection_table,
    parameter_table,
    completeness_table,
    bounds_table,
    pulls_table,
    reliability_table,
    lost_at_table,
    losses_table,
)


def tables_of_set(assessment: Assessment) -> tuple[ReportTable, ...]:
    """All tables of one set, those without a row left out."""
    tables = (make(assessment) for make in MAKERS)
    return tuple(table for table in tables if table.rows)
