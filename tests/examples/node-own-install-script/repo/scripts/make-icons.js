require("fs").readdirSync("icons");
