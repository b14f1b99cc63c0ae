"""Assign rows to columns one to one so that the sum of their gains is the largest there is. Pure."""

from collections.abc import Sequence


def assign(gains: Sequence[Sequence[float]]) -> list[tuple[int, int]]:  # noqa: C901  (one algorithm, as published)
    """(row, column) pairs, each used once, with the largest sum of gains; a gain of 0 is no pair.

    The Hungarian method by shortest augmenting paths (Kuhn 1955, Munkres 1957; potentials as in Jonker & Volgenant
    1987), over the costs `-gain`, with a column of its own for each row that nothing fits.
    """
    if not gains or not gains[0]:
        return []
    rows, real = len(gains), len(gains[0])
    columns = real + rows
    free = float("inf")
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    owner, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0], at = row, 0
        least, seen = [free] * (columns + 1), [False] * (columns + 1)
        while True:
            seen[at] = True
            here, step, following = owner[at], free, 0
            for column in range(1, columns + 1):
                if seen[column]:
                    continue
                cost = -gains[here - 1][column - 1] if column <= real else 0.0
                reduced = cost - row_price[here] - column_price[column]
                if reduced < least[column]:
                    least[column], way[column] = reduced, at
                if least[column] < step:
                    step, following = least[column], column
            for column in range(columns + 1):
                if seen[column]:
                    row_price[owner[column]] += step
                    column_price[column] -= step
                else:
                    least[column] -= step
            at = following
            if owner[at] == 0:
                break
        while at:
            owner[at] = owner[way[at]]
            at = way[at]
    found = [(owner[column] - 1, column - 1) for column in range(1, real + 1) if owner[column]]
    return sorted((row, column) for row, column in found if gains[row][column] > 0)
