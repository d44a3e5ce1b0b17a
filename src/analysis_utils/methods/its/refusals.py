"""What cannot be estimated is refused, with the reason and what to do."""


class Refusal(ValueError):
    """The model asked for cannot be estimated from these data."""
