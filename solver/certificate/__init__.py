"""A second proof of the lower bound, by code of its own: no part of the column generation is used.

Both grow runs from the first home; here over arrays read from the instance anew, with a table and
labels written apart. So a defect in one shows in the other.
"""

from solver.certificate.proof import CertificateError, ModeProof, Proof, prove_bound

__all__ = ["CertificateError", "ModeProof", "Proof", "prove_bound"]
