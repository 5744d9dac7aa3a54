// Module @N@ of those that the benchmark makes.
const rate = @N@ + 1;

class Ledger@N@ {
  constructor(entries = []) {
    this.entries = [...entries];
  }

  add(amount, label) {
    if (!Number.isFinite(amount)) {
      throw new TypeError(`amount of ${label} is no number`);
    }
    this.entries.push({ amount, label });
    return this;
  }

  total() {
    return this.entries.reduce((sum, { amount }) => sum + amount * rate, 0);
  }

  byLabel() {
    const found = new Map();
    for (const { amount, label } of this.entries) {
      found.set(label, (found.get(label) ?? 0) + amount * rate);
    }
    return Object.fromEntries([...found].sort(([a], [b]) => a.localeCompare(b)));
  }
}

module.exports = { Ledger@N@, rate };
