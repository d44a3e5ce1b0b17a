"""The paper, and the numbers of the study for anybody's paper."""

VERDICTS = "verdicts/verdicts.csv"
