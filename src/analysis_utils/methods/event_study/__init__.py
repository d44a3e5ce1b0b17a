"""Event study for staggered adoption: Callaway and Sant'Anna 2021.

diff-diff's `CallawaySantAnna` (3.13.0) gives the same effects and influence without
covariates, by regression and by weighting (1e-14; influence by weighting with weights,
1e-7), in a quarter (3,000 units, 24 periods) to three times (50 units, 60 periods) the
time. It could stand for `two_periods` alone: influence by unit, which few clusters and
bands need, is private there, and averages by date are absent. Its "dr" divides the
controls' weights by the number treated, not by their sum as Sant'Anna and Zhao (2020)
do (1e-3 apart with 40 treated and 40 controls). Where a covariate separates treated
from controls it warns and goes on ("dr": -3.5 for an effect of 3); ours refuses.
"""

from .estimation import group_time_effects

__all__ = ["group_time_effects"]
