"""What the notebooks share and is about this study: events, growth, reports."""
