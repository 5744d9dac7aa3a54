import pytest

from app.m@N@ import RATE, Ledger


@pytest.mark.parametrize("count", [0, 1, 2, 10, 250])
def test_adds_entries(count):
    ledger = Ledger()
    for i in range(count):
        ledger.add(i, f"label {i % 7}")
    assert ledger.total() == RATE * count * (count - 1) // 2
    assert len(ledger.by_label()) == min(count, 7)


def test_refuses_what_is_no_number():
    with pytest.raises(TypeError):
        Ledger().add("1", "text")
