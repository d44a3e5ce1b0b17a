"""What cannot be estimated is refused, with the reason and what to do."""

from ..inputs import InputError


class Refusal(InputError):
    """The model asked for cannot be estimated from these data."""
