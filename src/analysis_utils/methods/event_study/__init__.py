"""Event study for staggered adoption: Callaway and Sant'Anna 2021.

from analysis_utils.methods.event_study.estimation import group_time_effects
effects = group_time_effects(data, outcome="y", unit="county", time="year",
                             cohort="first_treated")
effects.aggregate("dynamic").plot()
"""
