"""The solver of checked tables on HiGHS: linear programs with one fixed body, solved again and again for other bounds.

HiGHS (MIT licence; Huangfu and Hall 2018) solves each from where the last one ended, with one thread and no presolve,
so that the same questions in the same order have the same answers.
"""

from collections.abc import Mapping, Sequence

import highspy
import numpy as np

from datadam.errors import Unavailable


class HighsSolver:
    """Makes programs."""

    def program(self, columns: int, rows: Sequence[Mapping[int, float]]) -> "HighsProgram":
        """A program whose rows, each a sum of columns times factors, are all zero."""
        return HighsProgram(columns, rows)


class HighsProgram:
    """One program; not for two threads at once."""

    def __init__(self, columns: int, rows: Sequence[Mapping[int, float]]) -> None:
        """Load the rows; every column is zero until it is given bounds."""
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = columns, len(rows)
        model.col_cost_ = model.col_lower_ = model.col_upper_ = np.zeros(columns)
        model.row_lower_ = model.row_upper_ = np.zeros(len(rows))
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32)
        model.a_matrix_.index_ = np.array([column for row in rows for column in row], dtype=np.int32)
        model.a_matrix_.value_ = np.array([factor for row in rows for factor in row.values()], dtype=np.float64)
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]  # of the library's own
        for name, value in (("output_flag", False), ("threads", 1), ("presolve", "off"), ("solver", "simplex")):
            self._highs.setOptionValue(name, value)
        self._highs.passModel(model)
        self._all = np.arange(columns, dtype=np.int32)

    def least(
        self, costs: Sequence[float], lowest: Sequence[float], highest: Sequence[float]
    ) -> Sequence[float] | None:
        """The columns, between these bounds, that cost least; None where there are none."""
        count = len(self._all)
        self._highs.changeColsCost(count, self._all, np.asarray(costs, dtype=np.float64))
        bounds = (np.asarray(lowest, dtype=np.float64), np.asarray(highest, dtype=np.float64))
        self._highs.changeColsBounds(count, self._all, *bounds)
        self._highs.run()
        match self._highs.getModelStatus():
            case highspy.HighsModelStatus.kOptimal:
                return list(self._highs.getSolution().col_value)
            case highspy.HighsModelStatus.kInfeasible:
                return None
            case other:
                raise Unavailable("table.not-solved", status=str(other))
