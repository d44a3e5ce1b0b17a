"""Event study for staggered adoption: Callaway and Sant'Anna 2021."""

from .estimation import group_time_effects

__all__ = ["group_time_effects"]
