"""Published files into data/: the only code that reads them."""
