"""Both sessions bettered by what their routes cost together: runs, second runs, vehicle days."""

from solver.together.refine import choose_together

__all__ = ["choose_together"]
