"""Both sessions bettered by what their routes cost together: runs, second runs, vehicle days."""

from solver.together.parcels import Lender, work_parcel
from solver.together.refine import Going, choose_together

__all__ = ["Going", "Lender", "choose_together", "work_parcel"]
