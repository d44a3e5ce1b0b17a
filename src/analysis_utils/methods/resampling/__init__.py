"""Batched engine: thousands of refits at once, equal to statsmodels to 1e-9.

`linear` least squares with classical or Newey-West errors, one design and many
outcomes; `counts` Poisson, quasi-Poisson and negative binomial; `ar1` REML with AR(1)
errors; `batches` seeds, workers and progress. Outcomes are columns: arrays (n, draws).
"""
