const { Ledger@N@, rate } = require('./m@N@');

describe('ledger @N@', () => {
  test.each([[1], [2], [3], [10], [250]])('adds %i entries', (count) => {
    const ledger = new Ledger@N@();
    for (let i = 0; i < count; i++) {
      ledger.add(i, `label ${i % 7}`);
    }
    expect(ledger.total()).toBe((rate * count * (count - 1)) / 2);
    expect(Object.keys(ledger.byLabel())).toHaveLength(Math.min(count, 7));
  });

  test('refuses what is no number', () => {
    expect(() => new Ledger@N@().add('1', 'text')).toThrow(TypeError);
  });
});
