"""Module @N@ of those that the benchmark makes."""
from collections import defaultdict

RATE = @N@ + 1


class Ledger:
    """Entries with an amount and a label."""

    def __init__(self, entries=()):
        self.entries = list(entries)

    def add(self, amount, label):
        if not isinstance(amount, int):
            raise TypeError(f"amount of {label} is no number")
        self.entries.append((amount, label))
        return self

    def total(self):
        return sum(amount * RATE for amount, _ in self.entries)

    def by_label(self):
        found = defaultdict(int)
        for amount, label in self.entries:
            found[label] += amount * RATE
        return dict(sorted(found.items()))
