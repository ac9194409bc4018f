"""Judgement: rules over tables give verdicts and findings."""
