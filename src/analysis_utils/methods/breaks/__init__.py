"""Breaks at dates that are not known beforehand (`search`).

A date that was searched for cannot then be tested as if it had been known: choosing
the date with the largest |t| and testing it "rejects" 93-97 % of the time without any
break. So a search gives sup-F p-values only.
"""
