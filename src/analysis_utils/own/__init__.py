"""Your own files in data/own, declared in one table: `own.load("mine")`."""

from analysis_utils.own.table import load

__all__ = ["load"]
