"""Other solvers on the reference instances, each in its best formulation, its plans repaired.

`python -m benchmarks.peers NAME INSTANCE --seconds S --seed N --out PLAN.json` is one solver's
whole process. What its model cannot say is put right by :mod:`benchmarks.peers.repair` at the true
price, so that no other solver is handicapped by what it cannot express. Nothing of our own search
is used.
"""
