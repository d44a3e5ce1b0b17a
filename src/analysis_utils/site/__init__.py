"""The site: pages for readers and reviewers, made from the archived results."""
