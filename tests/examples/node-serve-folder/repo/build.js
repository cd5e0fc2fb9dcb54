require("fs").mkdirSync("public", { recursive: true });
