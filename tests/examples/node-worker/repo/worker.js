const isNumber = require("is-number");

setInterval(() => console.log("still working", isNumber(Date.now())), 5000);
