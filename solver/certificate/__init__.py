"""A second proof of the lower bound, by code of its own: no part of the column generation is used.

The column generation prices runs backwards, from the last school; here they are grown forwards,
from the first home, over arrays read from the instance anew. So a defect in one shows in the other.
"""

from solver.certificate.proof import CertificateError, ModeProof, Proof, prove_bound

__all__ = ["CertificateError", "ModeProof", "Proof", "prove_bound"]
