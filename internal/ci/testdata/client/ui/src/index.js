const { sum } = require('./sum');
document.body.textContent = String(sum(1, 2));
