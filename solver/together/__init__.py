"""Both sessions bettered by what their routes cost together: runs, second runs, vehicle days."""

from solver.together.refine import Going, choose_together

__all__ = ["Going", "choose_together"]
